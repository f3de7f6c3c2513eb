import numpy as np
import pytest

from spine.anatomy.grades import Progression, Scale, Undetermined
from spine.degeneration.states import judge, progression_from_grades
from spine.findings import Baseline

TABLE = "baseline table, graded 2020-01-03"


def judged(grade, *probabilities):
    shares = np.array(probabilities)
    return judge(Scale.SCHNEIDERMAN, Baseline(grade, TABLE), shares, int(np.argmax(shares)))


@pytest.mark.parametrize(
    ("grade", "predicted", "state"),
    [
        (0, 0, Progression.UNCHANGED),
        (0, 3, Progression.PROGRESSED),
        (2, 1, Progression.IMPROVED),
        (3, 3, Progression.NOT_AT_RISK),
        (3, 1, Progression.NOT_AT_RISK),
    ],
)
def test_states_by_grades(grade, predicted, state):
    assert progression_from_grades(Scale.SCHNEIDERMAN, grade, predicted) is state


def test_most_probable_grade_decides_where_the_probability_agrees():
    found = judged(1, 0.1, 0.2, 0.6, 0.1)

    assert (found.progression, found.by_grade) == (Progression.PROGRESSED,) * 2
    assert found.probability == pytest.approx(0.7)
    assert found.undetermined is None


@pytest.mark.parametrize(
    ("shares", "by_grade", "probability"),
    [
        # No grade above 1 is the most probable one, together they are.
        ((0.0, 0.4, 0.3, 0.3), Progression.UNCHANGED, 0.6),
        ((0.4, 0.0, 0.3, 0.3), Progression.IMPROVED, 0.6),
        # A higher grade is the most probable one, getting worse is not.
        ((0.3, 0.3, 0.4, 0.0), Progression.PROGRESSED, 0.4),
    ],
)
def test_contradiction_is_undetermined_and_both_sides_are_kept(shares, by_grade, probability):
    found = judged(1, *shares)

    assert found.progression is Progression.UNDETERMINED
    assert found.undetermined is Undetermined.CONTRADICTION
    assert found.by_grade is by_grade
    assert found.probability == pytest.approx(probability)


def test_one_half_counts_as_progression():
    assert judged(1, 0.0, 0.5, 0.25, 0.25).undetermined is Undetermined.CONTRADICTION
    assert judged(1, 0.0, 0.0, 0.5, 0.5).progression is Progression.PROGRESSED


def test_highest_grade_contradicts_nothing():
    assert judged(3, 0.9, 0.05, 0.05, 0.0).progression is Progression.NOT_AT_RISK


def test_probability_never_exceeds_one_by_rounding():
    shares = np.full(5, 0.2) + 1e-16
    shares[1:] += 0.05

    assert judge(Scale.PFIRRMANN, Baseline(1, TABLE), shares, 2).probability <= 1.0


def test_without_a_baseline_nothing_is_said():
    found = judge(Scale.SCHNEIDERMAN, None, np.array([0.1, 0.2, 0.6, 0.1]), 2)

    assert found.undetermined is Undetermined.NO_BASELINE
    assert (found.progression, found.probability) == (Progression.UNDETERMINED, None)
