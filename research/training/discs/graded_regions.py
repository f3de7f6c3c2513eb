"""Regions of graded discs, as grading models get them: of a readers' data set, or of phantoms."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from research.cohort import SubjectRecord, read_images, read_records
from research.labeled.cases import LabeledCase, read_labeled_cases
from research.labeled.discs import measure_discs
from research.labeled.mapping import LabelMapping
from research.labeled.regions import COUNTED_FROM_BELOW
from research.processes import each
from research.training.discs.folds import dealt
from research.training.discs.regions import Region, default_spec
from spine.anatomy.geometry import DiscFrame
from spine.anatomy.grades import Scale
from spine.anatomy.labels import classes_from_labels
from spine.anatomy.levels import DiscLevel
from spine.errors import OutOfFieldError
from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.disc import DiscSpec, disc_input
from spine.segmentation.canal import guide_from_classes
from spine.segmentation.geometry import measure

# Nine slices within 18 mm: isotropic series are often slabs of 16 mm, and readers grade a disc by
# its middle.
SLICE_SPACING_MM = 2.0
# The uppermost disc of a field of view lies whole in it, most of the vertebra above does not.
MAX_OUTSIDE = 0.4


@dataclass(frozen=True, slots=True)
class GradedDisc:
    """One disc on one scale.

    Attributes
    ----------
    place : of its region
    fold : that its patient is tested in
    """

    patient_id: str
    level: DiscLevel
    grade: int
    place: int
    fold: int


@dataclass(frozen=True, slots=True, eq=False)
class OneDisc:
    """One disc with all its grades; `region` is None where it cannot be cut."""

    patient_id: str
    level: DiscLevel
    grades: dict[Scale, int]
    region: Region | None


@dataclass(frozen=True, slots=True, eq=False)
class GradedRegions:
    """Every graded disc that has a region.

    Attributes
    ----------
    inputs : shape (discs, slices, rows, columns)
    left_out : graded discs without a region
    """

    inputs: Region
    discs: tuple[OneDisc, ...]
    left_out: int

    def graded(self, scale: Scale, folds: int, seed: int) -> tuple[GradedDisc, ...]:
        """Return the discs that have a grade on a scale, their patients dealt out to folds.

        Raises
        ------
        ValueError
            If there are none.
        """
        fold = dealt({disc.patient_id for disc in self.discs}, folds, seed)
        found = tuple(
            GradedDisc(
                disc.patient_id, disc.level, disc.grades[scale], place, fold[disc.patient_id]
            )
            for place, disc in enumerate(self.discs)
            if scale in disc.grades
        )
        if not found:
            raise ValueError(f"no disc is graded on the scale {scale.value}")
        return found


def middle_spec() -> DiscSpec:
    """Return the service's region with its slices closer: the middle of the disc."""
    plain = default_spec(swap_axes=False)
    return replace(plain, slice_spacing_mm=SLICE_SPACING_MM, max_outside=MAX_OUTSIDE)


def regions_of_readers(folder: Path, mapping: LabelMapping) -> GradedRegions:
    """Cut every graded disc of a labeled data set out by its own labels, case by case.

    Raises
    ------
    ValueError
        If no graded disc has a region.
    LabeledDataError
        If the data set cannot be read.
    """
    cases = [case for case in read_labeled_cases(folder, mapping) if case.grades]
    work = partial(_discs_of_case, mapping)
    return _gathered(tqdm(map(work, cases), "regions", len(cases), mininterval=5), folder)


def regions_of_phantoms(cohort: Path, workers: int = 1) -> GradedRegions:
    """Cut every graded disc of a virtual cohort.

    Raises
    ------
    ValueError
        If no graded disc has a region.
    """
    records = read_records(cohort)
    found = each(partial(_discs_of_phantom, cohort), records, workers)
    return _gathered(tqdm(found, "regions", len(records), mininterval=5), cohort)


def _gathered(found: Iterable[Sequence[OneDisc]], folder: Path) -> GradedRegions:
    discs = [disc for of_one in found for disc in of_one]
    cut = [disc for disc in discs if disc.region is not None]
    if not cut:
        raise ValueError(f"{folder.name}: no graded disc has a region")
    inputs = np.stack([disc.region for disc in cut if disc.region is not None])
    bare = tuple(replace(disc, region=None) for disc in cut)
    return GradedRegions(inputs, bare, len(discs) - len(cut))


def _discs_of_case(mapping: LabelMapping, case: LabeledCase) -> list[OneDisc]:
    measured, found = measure_discs(case, mapping), []
    for disc in measured.discs:
        if disc.from_below in case.grades and disc.from_below <= len(COUNTED_FROM_BELOW):
            level = COUNTED_FROM_BELOW[disc.from_below - 1]
            region = _region(measured.volume, disc.frame, measured.width_mm)
            grades = dict(case.grades[disc.from_below])
            found.append(OneDisc(case.patient_id, level, grades, region))
    return found


def _discs_of_phantom(cohort: Path, record: SubjectRecord) -> list[OneDisc]:
    return list(_each_disc_of_phantom(*read_images(cohort, record), record))


def _each_disc_of_phantom(
    volume: Volume, labels: LabelMap, record: SubjectRecord
) -> Iterator[OneDisc]:
    classes = LabelMap(classes_from_labels(labels.data), labels.affine)
    spine = measure(labels, guide_from_classes(classes))
    for level, scales in record.grades.items():
        disc = spine.disc(level)
        region = _region(volume, None if disc is None else disc.frame, spine.mean_width_mm)
        grades = {scale: now for scale, (now, _later) in scales.items()}
        yield OneDisc(record.subject_id, level, grades, region)


def _region(volume: Volume, frame: DiscFrame | None, width_mm: float) -> Region | None:
    if frame is None or not np.isfinite(width_mm):
        return None
    try:
        return disc_input(volume, frame, width_mm, middle_spec()).astype(np.float16)
    except OutOfFieldError:
        return None
