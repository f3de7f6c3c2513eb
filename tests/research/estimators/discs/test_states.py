import numpy as np

from research.estimators.discs.answers import Answers, Source
from research.estimators.discs.states import states_said, states_that_came
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort


def planted(baseline, followup):
    discs = cohort(Scale.BULGING, patients=1).of(np.arange(5) < len(baseline))
    discs.baseline[:], discs.followup[:] = baseline, followup
    return discs


def said(baseline, grade, chance):
    discs = planted([baseline], [0])
    answer = Answers(
        Source.MODEL, np.array([grade]), np.array([grade > baseline]), np.array([chance])
    )
    return states_said(discs, answer)[0]


def test_improvement_is_told_from_no_change_and_the_highest_grade_is_not_at_risk():
    found = states_that_came(planted([1, 1, 1, 3, 3], [0, 1, 2, 3, 1]))

    assert found.tolist() == ["improved", "unchanged", "progressed", "not at risk", "not at risk"]


def test_a_state_is_said_where_grade_and_chance_agree():
    assert said(1, 2, 0.5) == "progressed"
    assert said(1, 1, 0.49) == "unchanged"
    assert said(1, 0, 0.2) == "improved"


def test_a_contradiction_is_undetermined():
    assert said(1, 1, 0.5) == "undetermined"
    assert said(1, 0, 0.7) == "undetermined"
    assert said(1, 2, 0.49) == "undetermined"


def test_nothing_contradicts_the_highest_grade():
    assert said(3, 3, 0.0) == "not at risk"
    assert said(3, 2, 0.9) == "not at risk"
