"""Out-of-fold predictions of five-year grades: one file a scale, one row a disc."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.columns import Columns, Floats, Integers, Names
from research.estimators.discs.faults import refuse
from spine.anatomy.grades import Scale

_PERSON = ("sex", "age_years", "bmi", "institution")
_NEEDED = ("patient_id", "level", "scale", "fold", *_PERSON, "baseline", "followup")


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Discs that a network answered for without having seen their patients.

    Attributes
    ----------
    patient, level, sex, institution : names, shape (discs,)
    fold : in which the disc was held out
    age_years, bmi : at baseline; bmi in kg/m2, NaN where not given
    baseline, followup : grades as read, five years apart
    probabilities : calibrated, of the scale's grades in order, shape (discs, grades)
    uncalibrated : the same before temperature scaling
    """

    scale: Scale
    patient: Names
    level: Names
    fold: Integers
    sex: Names
    age_years: Floats
    bmi: Floats
    institution: Names
    baseline: Integers
    followup: Integers
    probabilities: Floats
    uncalibrated: Floats

    def __len__(self) -> int:
        return len(self.patient)

    @property
    def grades(self) -> Integers:
        """The scale's grades in order."""
        return np.array([int(grade) for grade in self.scale.grades], dtype=np.int64)

    @property
    def progressed(self) -> NDArray[np.bool_]:
        """Follow-up above baseline; improvement counts as no progression (P2)."""
        return np.asarray(self.followup > self.baseline)

    @property
    def at_risk(self) -> NDArray[np.bool_]:
        """Below the highest grade, from which nothing can progress."""
        return np.asarray(self.baseline < self.grades.max())

    def of(self, members: NDArray[np.bool_]) -> "Predictions":
        """Return the discs chosen."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{n: a[members] for n, a in arrays.items() if n != "scale"})


def predictions_file(scale: Scale) -> str:
    """Return the name of a scale's file in the folder of a run."""
    return f"predictions-{scale.value}.csv"


def read_predictions(path: Path, scale: Scale) -> Predictions:
    """Read the discs of one scale.

    Raises
    ------
    PredictionsError
        Naming the rows: a column that is missing, a cell that cannot be read, a grade outside
        the scale, probabilities that do not sum to 1, a disc twice, a patient in two folds or
        with two ages, sexes, BMIs or institutions.
    """
    classes = range(len(scale.grades))
    calibrated, uncalibrated = ([f"{letter}{n}" for n in classes] for letter in "pq")
    columns = Columns(path, (*_NEEDED, *calibrated, *uncalibrated))
    refuse(path, f"of another scale than {scale}", columns.names("scale") != scale.value)
    read = Predictions(
        scale=scale,
        patient=columns.names("patient_id"),
        level=columns.levels(),
        fold=columns.integers("fold"),
        sex=columns.names("sex", may_be_empty=True),
        age_years=columns.numbers("age_years"),
        bmi=columns.numbers("bmi", may_be_empty=True),
        institution=columns.names("institution", may_be_empty=True),
        baseline=columns.grades("baseline", scale),
        followup=columns.grades("followup", scale),
        probabilities=columns.probabilities(calibrated),
        uncalibrated=columns.probabilities(uncalibrated),
    )
    columns.once(read.patient, read.level)
    columns.one_of_each(read.patient, "in two folds", read.fold)
    for name in _PERSON:
        columns.one_of_each(read.patient, f"with two values of {name}", getattr(read, name))
    return read


def require_both_in_each_fold(predictions: Predictions, path: Path) -> None:
    """Refuse what cannot be cross-validated: a class empty in a fold, or known to one alone.

    Raises
    ------
    PredictionsError
        Naming the rows of a fold in which every disc progressed, or none; those of a follow-up
        grade that only one fold has, which its network cannot have learned; or all rows where
        there is one fold only.
    """
    fold, progressed = predictions.fold, predictions.progressed
    folds = np.unique(fold)
    refuse(path, "only one fold", np.full(len(fold), len(folds) < 2))
    for number in folds:
        inside = fold == number
        if len(np.unique(progressed[inside])) < 2:
            what = "all discs progressed" if progressed[inside].all() else "no disc progressed"
            refuse(path, f"{what} in fold {number}", inside)
    for grade in np.unique(predictions.followup):
        same = predictions.followup == grade
        if len(np.unique(fold[same])) < 2:
            refuse(path, f"follow-up grade {grade} is in one fold only", same)
