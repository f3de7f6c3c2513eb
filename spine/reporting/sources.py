"""The source series as the writers need it: clean headers, frames, and points on them."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from pydicom import Dataset
from pydicom.datadict import dictionary_VM
from pydicom.valuerep import DA, TM, DSfloat, PersonName

from spine.dicom.elements import text_of
from spine.dicom.geometry import inset_mm, nearest_frame, scoord_from_world
from spine.dicom.identifiers import is_uid
from spine.dicom.study import FramePlane, Selection

# Type 2 in every object that we write (PS3.3 C.7.1.1, C.7.2.1): present, perhaps empty.
_PATIENT_AND_STUDY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_DECIMALS = {
    "ImagePositionPatient": 3,
    "ImageOrientationPatient": 6,
    "PixelSpacing": 2,
    "SliceThickness": 1,
    "SpacingBetweenSlices": 1,
}
_MOMENTS: dict[str, type[DA | TM]] = {"PatientBirthDate": DA, "StudyDate": DA, "StudyTime": TM}
_SEXES = ("M", "F", "O")
# Groups whose text OHIF can show below one another.
_ON_ONE_FRAME = 5


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point on a source frame, as a SCOORD has it: first pixel's center at (0.5, 0.5).

    Attributes
    ----------
    frame_number : 1-based; None for a classic instance
    """

    sop_class_uid: str
    sop_instance_uid: str
    frame_number: int | None
    column: float
    row: float


@dataclass(frozen=True, slots=True, eq=False)
class SourceSeries:
    """The selected series, or all that were joined.

    Attributes
    ----------
    headers : one per instance, without pixels, in UTF-8, with every element that an
        object about them must copy; in the order of the frames where these are known
    frames : empty where the geometry could not be read
    stations : of a joined volume, head to foot; each has its share of headers and frames
    """

    headers: tuple[Dataset, ...]
    frames: tuple[FramePlane, ...]
    stations: tuple["SourceSeries", ...] = ()

    @property
    def frame_count(self) -> int:
        """Number of frames received."""
        return sum(int(header.get("NumberOfFrames") or 1) for header in self.headers)

    def anchor_at(self, world: ArrayLike) -> Anchor:
        """Return the point nearest to a world position (mm, RAS+).

        Of stations that both show it, on the one whose border is further away.
        """
        stacks = [station.frames for station in self.stations] or [self.frames]
        nearest = [nearest_frame(frames, world) for frames in stacks]
        frame = max(nearest, key=lambda item: inset_mm(item, world))
        column, row = scoord_from_world(frame, world)
        return Anchor(
            frame.sop_class_uid,
            frame.sop_instance_uid,
            frame.frame_number,
            float(np.clip(column, 0, frame.columns)),
            float(np.clip(row, 0, frame.rows)),
        )

    def margin_anchor(self, line: float) -> Anchor:
        """Return a point beside the spine, in the upper corner of the middle frame.

        For results about no single place: their text must not hide a disc. Each `line`
        lies lower than the one before. Of stations it is the lowest, which shows the discs.
        """
        if self.stations:
            return self.stations[-1].margin_anchor(line)
        return self._corner(self._middle(), min(0.06 + 0.07 * line, 0.95))

    def outer_anchor(self, number: int) -> Anchor:
        """Return a point on one of the first frames, for what has no room on the middle one.

        Below one another as far as a group of four numbers needs, then on the next frame.
        """
        if self.stations:
            return self.stations[-1].outer_anchor(number)
        page, place = divmod(number, _ON_ONE_FRAME)
        return self._corner(self._outer(page), 0.06 + place * 0.9 / _ON_ONE_FRAME)

    def _corner(self, frame: tuple[Dataset, int | None], share: float) -> Anchor:
        header, frame_number = frame
        columns, rows = int(header.get("Columns") or 1), int(header.get("Rows") or 1)
        return Anchor(
            str(header.SOPClassUID),
            str(header.SOPInstanceUID),
            frame_number,
            0.04 * columns,
            share * rows,
        )

    def _middle(self) -> tuple[Dataset, int | None]:
        if self.frames:
            return self._header_of(self.frames[len(self.frames) // 2])
        header = self.headers[len(self.headers) // 2]
        frame_count = int(header.get("NumberOfFrames") or 0)
        return header, frame_count // 2 + 1 if frame_count else None

    def _outer(self, number: int) -> tuple[Dataset, int | None]:
        if self.frames:
            return self._header_of(self.frames[min(number, len(self.frames) - 1)])
        header = self.headers[min(number, len(self.headers) - 1)]
        return header, 1 if header.get("NumberOfFrames") else None

    def _header_of(self, frame: FramePlane) -> tuple[Dataset, int | None]:
        by_uid = {str(header.SOPInstanceUID): header for header in self.headers}
        return by_uid[frame.sop_instance_uid], frame.frame_number


def source_series(selection: Selection) -> SourceSeries:
    """Prepare the selected series; ValueError where the selection holds none."""
    if selection.series is None:
        raise ValueError("nothing was selected")
    by_uid = {item.sop_instance_uid: item.header for item in selection.instances}
    wanted = _instances_of(selection.frames)
    clean = {uid: clean_header(by_uid[uid]) for uid in wanted or by_uid}
    stations = tuple(
        SourceSeries(tuple(clean[uid] for uid in _instances_of(station.frames)), station.frames)
        for station in selection.stations
    )
    return SourceSeries(tuple(clean.values()), selection.frames, stations)


def _instances_of(frames: tuple[FramePlane, ...]) -> list[str]:
    return list(dict.fromkeys(frame.sop_instance_uid for frame in frames))


def clean_header(header: Dataset) -> Dataset:
    """Copy a header as the objects about it will quote it.

    Text becomes UTF-8, whatever it was; missing type 2 elements become empty; values
    that are not valid, and that no reader of the result could use, become empty too.
    """
    clean = copy.deepcopy(header)
    clean.remove_private_tags()
    clean.decode()
    clean.SpecificCharacterSet = "ISO_IR 192"
    for keyword in _PATIENT_AND_STUDY:
        if clean.get(keyword) is None:
            setattr(clean, keyword, "")
    _encode_names(clean)
    if clean.PatientSex not in _SEXES:
        clean.PatientSex = ""
    for keyword, representation in _MOMENTS.items():
        if not _is_valid(str(getattr(clean, keyword)), representation):
            setattr(clean, keyword, "")
    if "PixelSpacing" in clean and "SliceThickness" not in clean:
        clean.SliceThickness = None  # type 2 there (PS3.3 C.7.6.2), and read by the library
    if not is_uid(text_of(clean, "FrameOfReferenceUID")):
        clean.pop("FrameOfReferenceUID", None)
    for keyword in _DECIMALS:
        _shorten(clean, keyword)
    return clean


def _encode_names(dataset: Dataset) -> None:
    # A PersonName keeps the bytes and character set it was read with, and would write those.
    for element in dataset.iterall():
        if element.VR == "PN" and element.value:
            many = not isinstance(element.value, PersonName | str)
            names = [str(name) for name in (element.value if many else [element.value])]
            if many and dictionary_VM(element.tag) != "1":
                element.value = [PersonName(name) for name in names]
            else:
                # A backslash in a name looks like two of them.
                element.value = PersonName(" ".join(names))


def _is_valid(text: str, representation: type[DA | TM]) -> bool:
    try:
        representation(text)
    except ValueError:
        return False
    return True


def _shorten(dataset: Dataset, keyword: str) -> None:
    """Round decimal strings to the 16 characters that the standard allows (PS3.5 6.2).

    What is not as many finite numbers as the element has becomes empty.
    """
    value = dataset.get(keyword)
    if value is None or value == "":
        return
    many = not isinstance(value, str) and isinstance(value, Iterable)
    try:
        numbers = [DSfloat(float(item), auto_format=True) for item in (value if many else [value])]
    except ValueError:
        numbers = []
    count = _DECIMALS[keyword]
    if len(numbers) != count:
        setattr(dataset, keyword, None)
    else:
        setattr(dataset, keyword, numbers[0] if count == 1 else numbers)
