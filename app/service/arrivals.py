"""What the receiving side tells the rest of the service about an instance it kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """An instance that has become durable.

    Attributes
    ----------
    source_ae, receiving_ae : who sent it, and by which of our names (it selects the profile)
    is_urgent : whether the C-STORE request had priority HIGH (PS3.7, table 9.3-1)
    """

    study_instance_uid: str
    sop_class_uid: str
    source_ae: str = ""
    receiving_ae: str = ""
    is_urgent: bool = False
