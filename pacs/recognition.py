"""What must be known of a data set before it can be filed: whose it is, and who made it."""

from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

_STUDY_INSTANCE_UID = 0x0020000D
_TAGS = [
    0x00080016,  # SOP Class UID
    0x00080018,  # SOP Instance UID
    0x00081090,  # Manufacturer's Model Name
    0x00181002,  # Device UID
    0x0018A001,  # Contributing Equipment Sequence
    _STUDY_INSTANCE_UID,
]

# Nearly always enough; reading all of it at once is cheaper than seeking through the file.
_HEAD_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class DataSetFacts:
    """A few elements of a data set; empty where absent or not readable.

    Attributes
    ----------
    device_uids : of the equipment and of all that contributed
    """

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    manufacturer_model_name: str = ""
    device_uids: tuple[str, ...] = ()


def read_facts(path: Path, offset: int, transfer_syntax: UID) -> DataSetFacts:
    """Read a data set that begins at `offset` of a file, no further than needed."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            head = file.read(_HEAD_BYTES)
            facts = _facts(BytesIO(head), transfer_syntax)
            if facts.study_instance_uid or len(head) < _HEAD_BYTES:
                return facts
            file.seek(offset)
            return _facts(BufferedReader(file), transfer_syntax)
    except OSError:
        return DataSetFacts()


def _facts(file: BytesIO | BufferedReader, transfer_syntax: UID) -> DataSetFacts:
    try:
        elements = _elements(file, transfer_syntax)
        equipment = (elements, *elements.get("ContributingEquipmentSequence", ()))
        return DataSetFacts(
            str(elements.get("SOPClassUID", "")),
            str(elements.get("SOPInstanceUID", "")),
            str(elements.get("StudyInstanceUID", "")),
            str(elements.get("ManufacturerModelName", "")),
            tuple(str(item.DeviceUID) for item in equipment if item.get("DeviceUID")),
        )
    except Exception:  # noqa: BLE001 - a parser fed with foreign bytes raises anything
        return DataSetFacts()


def _elements(file: BytesIO | BufferedReader, transfer_syntax: UID) -> Dataset:
    def is_past(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return int(tag) > _STUDY_INSTANCE_UID

    return read_dataset(
        file,
        transfer_syntax.is_implicit_VR,
        transfer_syntax.is_little_endian,
        stop_when=is_past,
        specific_tags=_TAGS,
    )
