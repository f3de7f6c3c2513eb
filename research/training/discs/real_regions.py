"""Regions of the discs that readers graded in a labeled data set, as the networks get them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from research.labeled.cases import LabeledCase, read_labeled_cases
from research.labeled.discs import LabeledDisc, measure_discs
from research.labeled.mapping import LabelMapping
from research.labeled.regions import COUNTED_FROM_BELOW
from research.training.discs.regions import Region, default_spec
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.errors import OutOfFieldError
from spine.imaging.volume import Volume
from spine.preprocessing.disc import DiscSpec, disc_input

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
class RealRegions:
    """Every graded disc that has a region.

    Attributes
    ----------
    inputs : shape (discs, slices, rows, columns)
    discs : case, level and grades of each
    left_out : graded discs without a region
    """

    inputs: Region
    discs: tuple[tuple[LabeledCase, DiscLevel, dict[Scale, int]], ...]
    left_out: int

    def graded(self, scale: Scale, folds: dict[str, int]) -> tuple[GradedDisc, ...]:
        """Return the discs that have a grade on a scale."""
        return tuple(
            GradedDisc(case.patient_id, level, grades[scale], place, folds[case.case_id])
            for place, (case, level, grades) in enumerate(self.discs)
            if scale in grades
        )


def middle_spec() -> DiscSpec:
    """Return the service's region with its slices closer: the middle of the disc."""
    plain = default_spec(swap_axes=False)
    return replace(plain, slice_spacing_mm=SLICE_SPACING_MM, max_outside=MAX_OUTSIDE)


def cut_real_regions(folder: Path, mapping: LabelMapping) -> RealRegions:
    """Cut every graded disc of a data set out by its own labels, case by case.

    Raises
    ------
    ValueError
        If no case has a graded disc with a region.
    LabeledDataError
        If the data set cannot be read.
    """
    spec, inputs, discs, left_out = middle_spec(), [], [], 0
    cases = [case for case in read_labeled_cases(folder, mapping) if case.grades]
    for case in tqdm(cases, "regions", mininterval=5):
        measured = measure_discs(case, mapping)
        for disc in _graded(measured.discs, case):
            region = _region(measured.volume, disc, measured.width_mm, spec)
            if region is None:
                left_out += 1
                continue
            inputs.append(region)
            level = COUNTED_FROM_BELOW[disc.from_below - 1]
            discs.append((case, level, dict(case.grades[disc.from_below])))
    if not inputs:
        raise ValueError(f"{folder.name}: no graded disc has a region")
    return RealRegions(np.stack(inputs), tuple(discs), left_out)


def _graded(discs: Sequence[LabeledDisc], case: LabeledCase) -> list[LabeledDisc]:
    return [
        disc
        for disc in discs
        if disc.from_below in case.grades and disc.from_below <= len(COUNTED_FROM_BELOW)
    ]


def _region(volume: Volume, disc: LabeledDisc, width_mm: float, spec: DiscSpec) -> Region | None:
    if disc.frame is None or not np.isfinite(width_mm):
        return None
    try:
        return disc_input(volume, disc.frame, width_mm, spec).astype(np.float16)
    except OutOfFieldError:
        return None
