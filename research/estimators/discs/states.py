"""What becomes of each grade: what is said, beside what came."""

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.answers import Answers
from research.estimators.discs.predictions import Predictions
from spine.anatomy.grades import Progression
from spine.degeneration.states import EVEN

Names = NDArray[np.str_]

SAID = tuple(state.value for state in Progression)
CAME = tuple(state for state in SAID if state != Progression.UNDETERMINED)


def states_said(predictions: Predictions, answers: Answers) -> Names:
    """Return the state of each disc by the answered grade, as P2 has it.

    It is undetermined where the chance of progression contradicts it: 0.5 or more though the
    grade names none, or less though it does. The highest grade cannot progress.
    """
    named = _by_grade(predictions, answers.grade)
    contradicts = (answers.grade > predictions.baseline) != (answers.chance >= EVEN)
    doubtful = contradicts & predictions.at_risk
    return np.where(doubtful, Progression.UNDETERMINED.value, named)


def states_that_came(predictions: Predictions) -> Names:
    """Return the state of each disc by the grade read at follow-up."""
    return _by_grade(predictions, predictions.followup)


def states_from_grades(
    baseline: NDArray[np.int64], grade: NDArray[np.int64], highest: int
) -> Names:
    """Return the state of each disc by two grades alone."""
    # By sign: unchanged, progressed, improved (-1 counts from the end).
    by_sign = (Progression.UNCHANGED, Progression.PROGRESSED, Progression.IMPROVED)
    found = np.array([state.value for state in by_sign])[np.sign(grade - baseline)]
    return np.where(baseline < highest, found, Progression.NOT_AT_RISK.value)


def _by_grade(predictions: Predictions, grade: NDArray[np.int64]) -> Names:
    return states_from_grades(predictions.baseline, grade, int(predictions.grades.max()))
