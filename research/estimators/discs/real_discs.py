"""What a labeled data set says of its discs without an image: whose, which, and their grades."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.columns import Floats, Integers, Names
from research.estimators.discs.faults import PredictionsError
from research.labeled.cases import LabeledCase, read_labeled_cases
from research.labeled.mapping_file import load_mapping
from research.labeled.regions import COUNTED_FROM_BELOW
from spine.anatomy.grades import Scale

MAPPING = "spider-merged"


@dataclass(frozen=True, slots=True, eq=False)
class RealDiscs:
    """Graded discs; shape (discs,) each.

    Attributes
    ----------
    rank : counted from below, 1 is the lowest
    bulging : 0, 1, or 2 for protrusion or more
    """

    patient: Names
    level: Names
    rank: Integers
    age_years: Floats
    pfirrmann: Integers
    bulging: Integers

    def __len__(self) -> int:
        return len(self.patient)

    def places(self, patient: Names, level: Names) -> Integers:
        """Return where each disc asked for stands; -1 for one that is not there."""
        own = {disc: n for n, disc in enumerate(zip(self.patient, self.level, strict=True))}
        asked = zip(patient, level, strict=True)
        return np.array([own.get(disc, -1) for disc in asked], dtype=np.int64)

    def grade(self, scale: Scale) -> Integers:
        """Return what the reader said on a scale: Pfirrmann, else bulging."""
        return self.pfirrmann if scale is Scale.PFIRRMANN else self.bulging

    def agree(self, scale: Scale, grade: Integers) -> NDArray[np.bool_]:
        """Tell where grades are the reader's; of bulging, whether there is any, as is measured."""
        if scale is Scale.PFIRRMANN:
            return np.asarray(grade == self.pfirrmann)
        return np.asarray((grade >= 1) == (self.bulging >= 1))

    def of(self, members: NDArray[np.generic]) -> "RealDiscs":
        """Return some of the discs, by flag or by place."""
        return RealDiscs(
            self.patient[members],
            self.level[members],
            self.rank[members],
            self.age_years[members],
            self.pfirrmann[members],
            self.bulging[members],
        )


def read_real_discs(folder: Path) -> RealDiscs:
    """Read ages and gradings of merged SPIDER; reads no image.

    Raises
    ------
    PredictionsError
        If a patient has no age, or no disc has both grades.
    """
    cases = read_labeled_cases(folder, load_mapping(MAPPING))
    rows = [row for case in cases for row in _rows(case)]
    if not rows:
        raise PredictionsError(f"{folder.name}: no disc has grades on both scales")
    patient, rank, age, pfirrmann, bulging = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    level = np.array([one.value for one in COUNTED_FROM_BELOW])[rank - 1]
    return RealDiscs(patient, level, rank, age, pfirrmann, bulging)


def _rows(case: LabeledCase) -> list[tuple[str, int, float, int, int]]:
    if case.age_years is None:
        raise PredictionsError(f"case {case.case_id}: no age")
    return [
        (case.patient_id, rank, case.age_years, grades[Scale.PFIRRMANN], grades[Scale.BULGING])
        for rank, grades in sorted(case.grades.items())
        if {Scale.PFIRRMANN, Scale.BULGING} <= grades.keys() and rank <= len(COUNTED_FROM_BELOW)
    ]
