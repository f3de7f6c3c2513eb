"""What must be known of a data set before it can be filed: whose it is, and who made it."""

from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader, BytesIO

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag
from pydicom.uid import UID

from pacs.spool import IncomingFile

_SOP_CLASS_UID = 0x00080016
_SOP_INSTANCE_UID = 0x00080018
_MANUFACTURER_MODEL_NAME = 0x00081090
_DEVICE_UID = 0x00181002
_CONTRIBUTING_EQUIPMENT_SEQUENCE = 0x0018A001
_STUDY_INSTANCE_UID = 0x0020000D
_TAGS: list[BaseTag | int] = [
    _SOP_CLASS_UID,
    _SOP_INSTANCE_UID,
    _MANUFACTURER_MODEL_NAME,
    _DEVICE_UID,
    _CONTRIBUTING_EQUIPMENT_SEQUENCE,
    _STUDY_INSTANCE_UID,
]

_Elements = dict[int, DataElement | RawDataElement]

# Nearly always enough; to read it at once is cheaper than to open the file and seek in it.
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


def read_facts(file: IncomingFile) -> DataSetFacts:
    """Read the data set of an instance that came in, no further than needed."""
    try:
        encoding = _encoding(file.meta.transfer_syntax_uid)
        head = file.read_head(_HEAD_BYTES)
        facts = _facts(BytesIO(head), encoding)
        if facts.study_instance_uid or len(head) < _HEAD_BYTES:
            return facts
        with file.path.open("rb") as whole:
            whole.seek(file.header_size)
            return _facts(whole, encoding)
    except (OSError, ValueError):
        # ValueError: a transfer syntax that pydicom does not know.
        return DataSetFacts()


@lru_cache(maxsize=64)
def _encoding(transfer_syntax_uid: str) -> tuple[bool, bool]:
    """Return whether it has implicit VR, and is little endian; few are ever negotiated."""
    transfer_syntax = UID(transfer_syntax_uid)
    return transfer_syntax.is_implicit_VR, transfer_syntax.is_little_endian


def _facts(file: BytesIO | BufferedReader, encoding: tuple[bool, bool]) -> DataSetFacts:
    try:
        elements = _elements(file, encoding)
        devices = (_text(elements, _DEVICE_UID), *_contributing_devices(elements))
        return DataSetFacts(
            _text(elements, _SOP_CLASS_UID),
            _text(elements, _SOP_INSTANCE_UID),
            _text(elements, _STUDY_INSTANCE_UID),
            _text(elements, _MANUFACTURER_MODEL_NAME),
            tuple(uid for uid in devices if uid),
        )
    except Exception:  # noqa: BLE001 - a parser fed with foreign bytes raises anything
        return DataSetFacts()


def _elements(file: BytesIO | BufferedReader, encoding: tuple[bool, bool]) -> _Elements:
    """Read elements raw: a `Dataset` takes five times as long to convert and check them."""

    def is_past(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return int(tag) > _STUDY_INSTANCE_UID

    found = data_element_generator(
        file,
        *encoding,
        stop_when=is_past,
        specific_tags=_TAGS,
    )
    return {int(element.tag): element for element in found}


def _text(elements: _Elements, tag: int) -> str:
    """Return a value of the default repertoire; what is beyond it is compared with nothing."""
    element = elements.get(tag)
    return element.value.decode("iso8859").strip("\0 ") if element and element.value else ""


def _contributing_devices(elements: _Elements) -> list[str]:
    sequence = elements.get(_CONTRIBUTING_EQUIPMENT_SEQUENCE)
    if sequence is None:
        return []
    items = Dataset({BaseTag(_CONTRIBUTING_EQUIPMENT_SEQUENCE): sequence})
    return [str(item.get("DeviceUID", "")) for item in items.ContributingEquipmentSequence]
