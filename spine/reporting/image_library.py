"""The images a report is about (TID 1600): which, of what modality, in which frame of reference.

Not the library's own template: that one demands position, orientation and spacing at the
root of every header, which an enhanced instance keeps elsewhere and a defective one lacks.
"""

from collections.abc import Sequence

from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    ImageContentItem,
    RelationshipTypeValues,
    UIDRefContentItem,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes as standard
from pydicom.sr.coding import Code

SOURCE = Code("260753009", "SCT", "Source")
_CONTAINS = RelationshipTypeValues.CONTAINS
_DESCRIBES = RelationshipTypeValues.HAS_ACQ_CONTEXT


def image_library(headers: Sequence[Dataset]) -> ContentItem:
    """List the instances of one series or more, a group a series."""
    by_series: dict[str, list[Dataset]] = {}
    for header in headers:
        by_series.setdefault(str(header.SeriesInstanceUID), []).append(header)
    library = _container(standard.DCM.ImageLibrary)
    library.ContentSequence = ContentSequence([_group(group) for group in by_series.values()])
    return library


def _group(headers: Sequence[Dataset]) -> ContainerContentItem:
    group = _container(standard.DCM.ImageLibraryGroup)
    group.ContentSequence = ContentSequence([*_shared(headers[0]), *map(_entry, headers)])
    return group


def _container(name: Code) -> ContainerContentItem:
    return ContainerContentItem(name=name, relationship_type=_CONTAINS)


def _entry(header: Dataset) -> ImageContentItem:
    return ImageContentItem(
        name=SOURCE,
        referenced_sop_class_uid=header.SOPClassUID,
        referenced_sop_instance_uid=header.SOPInstanceUID,
        relationship_type=_CONTAINS,
    )


def _shared(header: Dataset) -> list[ContentItem]:
    """Describe what all images of the series have in common (TID 1602)."""
    modality = CodeContentItem(
        name=standard.DCM.Modality,
        value=standard.DCM.MagneticResonance,
        relationship_type=_DESCRIBES,
    )
    if not header.get("FrameOfReferenceUID"):
        return [modality]
    frame_of_reference = UIDRefContentItem(
        name=standard.DCM.FrameOfReferenceUID,
        value=header.FrameOfReferenceUID,
        relationship_type=_DESCRIBES,
    )
    return [modality, frame_of_reference]
