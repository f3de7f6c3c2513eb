"""Frames of classic and multi-frame instances behind one view of their elements."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from spine.dicom.elements import items_of, value_of
from spine.dicom.geometry import affine_from_plane
from spine.dicom.study import FramePlane, Instance

# The functional group in which a multi-frame instance holds an element (PS3.3 C.7.6.16.2
# and C.8.13.5); what is not listed, or not in its group, is looked up in the instance itself.
_GROUPS = {
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "ImagePositionPatient": "PlanePositionSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "FrameType": "MRImageFrameTypeSequence",
    "AcquisitionContrast": "MRImageFrameTypeSequence",
    "ComplexImageComponent": "MRImageFrameTypeSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "RepetitionTime": "MRTimingAndRelatedParametersSequence",
    "InversionRecovery": "MRModifierSequence",
    "AnatomicRegionSequence": "FrameAnatomySequence",
    "FrameAcquisitionDateTime": "FrameContentSequence",
    "FrameAcquisitionNumber": "FrameContentSequence",
    "StackID": "FrameContentSequence",
    "TemporalPositionIndex": "FrameContentSequence",
    "DiffusionBValue": "MRDiffusionSequence",
}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame: a classic instance, or one of a multi-frame instance.

    Attributes
    ----------
    index : 0-based within the instance
    plane : None where position, orientation or spacing is missing or makes no sense
    groups : the frame's own, then the shared functional groups; empty for a classic instance
    """

    instance: Instance
    index: int
    plane: FramePlane | None
    groups: tuple[Dataset, ...]

    def value(self, keyword: str) -> object:
        """Return an element of this frame, None where it is missing, empty or malformed."""
        return _value(self.instance.header, self.groups, keyword)

    def has(self, keyword: str) -> bool:
        """Whether an element is there with a value, well formed or not."""
        places = (*_places(self.groups, keyword), self.instance.header)
        # Unconverted, because converting a malformed value raises.
        elements = [place.get_item(keyword) for place in places if keyword in place]
        return any(element is not None and element.value for element in elements)

    def items(self, keyword: str) -> tuple[Dataset, ...]:
        """Return the items of a sequence, none where it is missing."""
        value = self.value(keyword)
        return tuple(value) if isinstance(value, Sequence) else ()

    def text(self, keyword: str) -> str:
        """Return an element as one text, values joined by backslashes."""
        return "\\".join(self.texts(keyword))

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return an element's values as upper-case texts without padding."""
        value = self.value(keyword)
        if value is None:
            return ()
        values = value if isinstance(value, MultiValue) else (value,)
        return tuple(str(item).strip().upper() for item in values)

    def number(self, keyword: str) -> float | None:
        """Return an element's first value as a number; None where there is none."""
        numbers = _numbers(self.value(keyword))
        return float(numbers[0]) if numbers is not None and numbers.size else None

    @property
    def image_type(self) -> tuple[str, ...]:
        return self.texts("FrameType") or self.texts("ImageType")

    @property
    def normal(self) -> NDArray[np.float64] | None:
        """Unit normal of the frame, RAS+; None without a valid orientation."""
        orientation = _orientation(self.instance.header, self.groups)
        if orientation is None:
            return None
        return affine_from_plane(orientation, (0, 0, 0), (1, 1))[:3, 2]


def frames_from_instance(instance: Instance) -> Iterator[Frame]:
    """Yield the frames of an instance, as many as its header tells."""
    header = instance.header
    shared = items_of(header, "SharedFunctionalGroupsSequence")[:1]
    own = items_of(header, "PerFrameFunctionalGroupsSequence")
    is_multiframe = bool(shared or own)
    for index in range(max(len(own), 1)):
        groups = (*own[index : index + 1], *shared)
        number = index + 1 if is_multiframe else None
        yield Frame(instance, index, _plane(instance, groups, number), groups)


def _plane(
    instance: Instance, groups: tuple[Dataset, ...], frame_number: int | None
) -> FramePlane | None:
    header = instance.header
    orientation = _orientation(header, groups)
    position = _numbers(_value(header, groups, "ImagePositionPatient"), 3)
    spacing = _numbers(_value(header, groups, "PixelSpacing"), 2)
    size = [_numbers(value_of(header, keyword), 1) for keyword in ("Rows", "Columns")]
    rows, columns = (0 if number is None else int(number[0]) for number in size)
    if orientation is None or position is None or spacing is None:
        return None
    if (spacing <= 0).any() or rows <= 0 or columns <= 0:
        return None
    return FramePlane(
        sop_class_uid=str(header.SOPClassUID),
        sop_instance_uid=instance.sop_instance_uid,
        frame_number=frame_number,
        affine=affine_from_plane(orientation, position, spacing),
        rows=rows,
        columns=columns,
    )


def _orientation(header: Dataset, groups: tuple[Dataset, ...]) -> NDArray[np.float64] | None:
    """Return orthonormal cosines of row and column, shape (6,); None unless they nearly are."""
    cosines = _numbers(_value(header, groups, "ImageOrientationPatient"), 6)
    if cosines is None:
        return None
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not np.allclose(lengths, 1, atol=1e-2) or abs(row @ column) > 1e-2:
        return None
    return np.concatenate([row / lengths[0], column / lengths[1]])


def _value(header: Dataset, groups: tuple[Dataset, ...], keyword: str) -> object:
    for place in (*_places(groups, keyword), header):
        value = value_of(place, keyword)
        if value is not None:
            return value
    return None


def _places(groups: tuple[Dataset, ...], keyword: str) -> list[Dataset]:
    """Return the functional groups in which an element of a frame may stand, its own first."""
    sequence = _GROUPS.get(keyword)
    if sequence is None:
        return []
    return [item for group in groups for item in items_of(group, sequence)[:1]]


def _numbers(value: object, length: int | None = None) -> NDArray[np.float64] | None:
    """Return finite numbers, of a given count if asked for; None for anything else."""
    try:
        numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (ValueError, TypeError):
        return None
    if not np.isfinite(numbers).all() or length not in (None, numbers.size):
        return None
    return numbers
