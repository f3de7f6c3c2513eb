"""Out-of-fold grades of real discs as a network reads them: one file a scale, one row a disc."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.columns import Columns, Floats, Integers, Names
from research.estimators.discs.faults import PredictionsError, refuse
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel

_NEEDED = ("patient_id", "level", "fold", "grade", "p0", "p1")


@dataclass(frozen=True, slots=True, eq=False)
class Gradings:
    """Discs that a grading network answered for without having seen their patients.

    Attributes
    ----------
    patient, level, fold : of each disc, shape (discs,)
    grade : as a reader gave it
    probabilities : of the scale's lowest grades in order; the last class may stand for its
        grade or more, shape (discs, classes)
    """

    scale: Scale
    patient: Names
    level: Names
    fold: Integers
    grade: Integers
    probabilities: Floats

    def __len__(self) -> int:
        return len(self.patient)

    @property
    def classes(self) -> Integers:
        """The grades told apart, in order."""
        count = self.probabilities.shape[1]
        return np.array([int(grade) for grade in self.scale.grades][:count], dtype=np.int64)

    @property
    def answer(self) -> Integers:
        """The most probable grade."""
        answer: Integers = self.classes[self.probabilities.argmax(axis=1)]
        return answer

    @property
    def is_lumbar(self) -> NDArray[np.bool_]:
        """Discs below a lumbar vertebra: L1/L2 to L5/S1 where there are five."""
        return np.array([DiscLevel(level).is_lumbar for level in self.level], dtype=bool)


def gradings_file(scale: Scale) -> str:
    """Return the name of a scale's file of real patients in the folder of a run.

    `finetune grading` writes it; ``grading-<scale>.csv`` is of a cohort.
    """
    return f"real-grading-{scale.value}.csv"


def read_gradings(path: Path, scale: Scale) -> Gradings:
    """Read the gradings of one scale.

    Raises
    ------
    PredictionsError
        Naming the rows: a column that is missing, a grade outside the scale, probabilities that
        do not sum to 1, a disc twice, a patient in two folds.
    """
    columns = Columns(path, _NEEDED)
    classes = [f"p{n}" for n in range(len(scale.grades)) if f"p{n}" in columns]
    read = Gradings(
        scale=scale,
        patient=columns.names("patient_id"),
        level=columns.levels(lumbar=False),
        fold=columns.integers("fold"),
        grade=columns.grades("grade", scale),
        probabilities=columns.probabilities(classes),
    )
    columns.once(read.patient, read.level)
    columns.one_of_each(read.patient, "in two folds", read.fold)
    refuse(path, "only one fold", np.full(len(read), len(np.unique(read.fold)) < 2))
    return read


def require_known(path: Path, gradings: Gradings, known: NDArray[np.bool_]) -> None:
    """Refuse discs of which the table of the data set knows nothing."""
    if not len(gradings):
        raise PredictionsError(f"{path.name}: has no rows")
    refuse(path, "discs that the data set does not have", ~known)
