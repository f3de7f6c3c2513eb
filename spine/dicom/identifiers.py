"""Who we are in DICOM, and unique identifiers: made from names, checked before use."""

import re
import uuid
from collections.abc import Iterable

from pydicom import Dataset

from spine.dicom.elements import items_of, text_of

# Elements of the General Equipment and Contributing Equipment modules. By the model name
# and the device UID our own results are recognized when they come back as input.
MANUFACTURER = "SpineMAP project"
MANUFACTURER_MODEL_NAME = "SpineMAP"

# The namespace of every UID that this code makes; changing it changes all of them.
NAMESPACE = uuid.UUID("3b7f5a1e-52c4-5f7d-8f53-0e9d1f6c4a70")

_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_RECEIVED_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def uid_from_name(name: str) -> str:
    """Return ``2.25.`` and the decimal of a version 5 UUID (PS3.5 annex B.2)."""
    return f"2.25.{uuid.uuid5(NAMESPACE, name).int}"


DEVICE_UID = uid_from_name("device")


def is_uid(text: str) -> bool:
    """Whether a text is a valid UID (PS3.5 section 9.1): digits and periods, at most 64."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def is_received_uid(text: str) -> bool:
    """Whether a text is a UID as others write them, and therefore safe as the name of a file.

    Devices write components with leading zeros, which PS3.5 section 9.1 forbids.
    """
    return len(text) <= 64 and _RECEIVED_UID.fullmatch(text) is not None


def is_own_equipment(manufacturer_model_name: str, device_uids: Iterable[str]) -> bool:
    """Whether an instance was written by this software, on whatever host.

    Parameters
    ----------
    device_uids : of the equipment and of all that contributed
    """
    return manufacturer_model_name == MANUFACTURER_MODEL_NAME or DEVICE_UID in device_uids


def is_own_result(header: Dataset) -> bool:
    """Whether an instance was written by this software, by its equipment."""
    equipment = (header, *items_of(header, "ContributingEquipmentSequence"))
    return is_own_equipment(
        text_of(header, "ManufacturerModelName"), [text_of(item, "DeviceUID") for item in equipment]
    )
