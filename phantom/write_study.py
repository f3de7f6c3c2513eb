"""Volumes written as a DICOM study, as a PACS routes it.

Any volume can be written, a rendered phantom or a real one read from NIfTI; it is cut
into frames as it lies and never interpolated, so that an oblique volume becomes an
oblique series.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from phantom.dicom_concatenation import Content, concatenated
from phantom.dicom_encoding import set_pixels
from phantom.dicom_enhanced import enhanced_dataset
from phantom.dicom_geometry import FrameStack, stack_from_volume
from phantom.dicom_headers import SeriesHeader, classic_dataset, file_meta
from phantom.dicom_patient import PatientIdentity, StudyIdentity, identity_dataset
from phantom.protocols import Plane, Protocol
from spine.imaging.volume import Volume


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """A volume and the plane that its frames are cut in."""

    volume: Volume
    plane: Plane


@dataclass(frozen=True, slots=True, eq=False)
class SeriesToWrite:
    """One series.

    Attributes
    ----------
    stacks : one for most series, three for a localizer
    enhanced : write each stack as one Enhanced MR instance
    concatenated : write all stacks as one such instance, told apart by their Stack ID
    sitting : series of another number count positions from another origin
    delay_minutes : until the series is acquired, beyond the usual
    """

    stacks: tuple[Stack, ...]
    protocol: Protocol
    header: SeriesHeader = field(default_factory=SeriesHeader)
    transfer_syntax: UID = ExplicitVRLittleEndian
    enhanced: bool = False
    concatenated: bool = False
    sitting: int = 0
    delay_minutes: int = 0


@dataclass(frozen=True, slots=True)
class WrittenStudy:
    """What was written.

    Attributes
    ----------
    series_instance_uids : in the order of the series given
    paths : of every instance, by series
    """

    study_instance_uid: str
    series_instance_uids: tuple[str, ...]
    paths: tuple[tuple[Path, ...], ...]


def one_series(
    volume: Volume,
    protocol: Protocol,
    header: SeriesHeader | None = None,
    transfer_syntax: UID = ExplicitVRLittleEndian,
    *,
    enhanced: bool = False,
) -> SeriesToWrite:
    """Return a series of one volume in the protocol's own plane."""
    stacks = (Stack(volume, protocol.plane),)
    return SeriesToWrite(stacks, protocol, header or SeriesHeader(), transfer_syntax, enhanced)


def write_study(
    series: Sequence[SeriesToWrite],
    folder: Path,
    patient: PatientIdentity | None = None,
    study: StudyIdentity | None = None,
) -> WrittenStudy:
    """Write series as files ``<SOPInstanceUID>.dcm`` into a folder, which is made if missing."""
    patient, study = patient or PatientIdentity(), study or StudyIdentity()
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(
        tuple(
            _save(instance, folder) for instance in series_instances(item, patient, study, number)
        )
        for number, item in enumerate(series, start=1)
    )
    uids = tuple(str(study.uid("series", number)) for number in range(1, len(series) + 1))
    return WrittenStudy(str(study.uid("study")), uids, paths)


def series_instances(
    series: SeriesToWrite, patient: PatientIdentity, study: StudyIdentity, series_number: int
) -> Iterator[Dataset]:
    """Make the instances of a series, complete, one after the other."""
    identity = identity_dataset(patient, study)
    frames = (stack_from_volume(stack.volume, stack.plane) for stack in series.stacks)
    contents: Iterator[Content] = chain.from_iterable(_contents(series, stack) for stack in frames)
    if series.concatenated:
        contents = iter([concatenated(list(contents))])
    for number, (dataset, pixels) in enumerate(contents, start=1):
        dataset.update(identity)
        _set_numbers(dataset, study, series_number, number)
        _set_moment(dataset, study, series_number, series)
        dataset.file_meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID)
        set_pixels(dataset, pixels, series.transfer_syntax)
        yield dataset


def _contents(series: SeriesToWrite, stack: FrameStack) -> Iterator[Content]:
    """Pair each instance of a stack with its frames."""
    if series.enhanced:
        yield enhanced_dataset(series.protocol, series.header, stack), stack.pixels
        return
    for index in range(len(stack.pixels)):
        dataset = classic_dataset(series.protocol, series.header, stack, index)
        yield dataset, stack.pixels[index : index + 1]


def _set_numbers(dataset: Dataset, study: StudyIdentity, series_number: int, number: int) -> None:
    """Set UIDs and numbers that place an instance in its study."""
    dataset.SOPInstanceUID = study.uid("series", series_number, "instance", number)
    dataset.SeriesInstanceUID = study.uid("series", series_number)
    dataset.SeriesNumber = series_number
    dataset.InstanceNumber = number
    dataset.AcquisitionNumber = 1


def _set_moment(
    dataset: Dataset, study: StudyIdentity, series_number: int, series: SeriesToWrite
) -> None:
    """Set when an instance was acquired, and from which origin its positions count."""
    sitting = (series.sitting,) if series.sitting else ()
    dataset.FrameOfReferenceUID = study.uid("frame of reference", *sitting)
    begun = datetime.combine(study.study_date, time(9, 15 + series_number % 45), UTC)
    begun += timedelta(minutes=series.delay_minutes)
    day, moment = f"{begun:%Y%m%d}", f"{begun:%H%M%S}"
    dataset.SeriesDate = dataset.ContentDate = day
    dataset.SeriesTime = dataset.ContentTime = moment
    if "NumberOfFrames" in dataset:
        dataset.AcquisitionDateTime = day + moment
    else:
        dataset.AcquisitionDate, dataset.AcquisitionTime = day, moment


def _save(dataset: Dataset, folder: Path) -> Path:
    path = folder / f"{dataset.SOPInstanceUID}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path
