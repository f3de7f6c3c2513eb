"""The kinds of objects that a run writes and a destination gets, by one set of names.

Free of imports: the processes that only move files name them too.
"""

from collections.abc import Collection
from enum import StrEnum

# PS3.4, table B.5-1.
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_ENHANCED_SR = f"{_STORAGE}88.22"
_STRUCTURED_REPORTS = f"{_STORAGE}88."
_ENCAPSULATED_DOCUMENTS = f"{_STORAGE}104."
# Key pictures are Secondary Captures like the summary page; their files say which.
KEY_PICTURE = "key picture"


class Kind(StrEnum):
    """What an object is to a destination; in the order of sending."""

    SEGMENTATION = "segmentation"
    LABEL_MAP = "label-map"
    PICTURE = "picture"
    KEY_PICTURES = "key-pictures"
    HEAT_MAP = "heat-map"
    DOCUMENT = "document"
    REPORT = "report"
    TEXT_REPORT = "text-report"


DEFAULT_KINDS = frozenset({Kind.SEGMENTATION, Kind.PICTURE, Kind.REPORT})
# They speak of what the images and segmentations show, and are sent after them.
REPORT_KINDS = frozenset({Kind.REPORT, Kind.TEXT_REPORT})

_OF_SOP_CLASS = {
    f"{_STORAGE}66.4": Kind.SEGMENTATION,
    f"{_STORAGE}66.7": Kind.LABEL_MAP,
    f"{_STORAGE}30": Kind.HEAT_MAP,
    _ENHANCED_SR: Kind.TEXT_REPORT,
}


def kind_of(sop_class_uid: str, file_name: str = "") -> Kind:
    """Return an object's kind; any other image is a picture.

    Parameters
    ----------
    file_name : of the run's object, such as ``6-key-picture-1.dcm``
    """
    if sop_class_uid in _OF_SOP_CLASS:
        return _OF_SOP_CLASS[sop_class_uid]
    if sop_class_uid.startswith(_STRUCTURED_REPORTS):
        return Kind.REPORT
    if sop_class_uid.startswith(_ENCAPSULATED_DOCUMENTS):
        return Kind.DOCUMENT
    is_key = file_stem(KEY_PICTURE) in file_name
    return Kind.KEY_PICTURES if is_key else Kind.PICTURE


def file_stem(name: str) -> str:
    """Return the name of an object as its file has it."""
    return name.replace(" ", "-")


def in_order(kinds: Collection[Kind]) -> list[Kind]:
    """Return kinds in the order of sending."""
    return [kind for kind in Kind if kind in kinds]
