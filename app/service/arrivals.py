"""What the receiving side tells the rest of the service about an instance it kept."""

from dataclasses import dataclass
from typing import Any


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

    def to_json(self) -> dict[str, Any]:
        """Return the arguments that make it; `dataclasses.asdict` takes ten times as long."""
        return {
            "study_instance_uid": self.study_instance_uid,
            "sop_class_uid": self.sop_class_uid,
            "source_ae": self.source_ae,
            "receiving_ae": self.receiving_ae,
            "is_urgent": self.is_urgent,
        }
