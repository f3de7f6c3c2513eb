from dataclasses import replace
from itertools import pairwise

import pytest

from phantom.subjects import subject
from research.worlds.progression.signs import DiscSigns, shown
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel

MIDDLE = DiscSigns(
    grades={Scale.SCHNEIDERMAN: 1, Scale.BULGING: 1, Scale.PFIRRMANN: 3},
    signs=dict.fromkeys(Scale, 0.0),
    variation=(0.0, 0.0),
)
OWN = subject(1, age_years=50.0).disc(DiscLevel.L3_L4)


def signed(scale, sign):
    return shown(OWN, replace(MIDDLE, signs={**MIDDLE.signs, scale: sign}))


def test_a_disc_shows_the_grades_of_the_cohort_not_those_of_the_phantom():
    grades = {Scale.SCHNEIDERMAN: 3, Scale.BULGING: 2, Scale.PFIRRMANN: 5}
    state = shown(OWN, replace(MIDDLE, grades=grades))

    assert (state.schneiderman, state.bulging, state.pfirrmann) == (3, 2, 5)
    assert int(state.severity) == 5
    assert state.bulge_mm > 0 and state.extrusion_mm > 0 and state.migration_mm == 0


def test_severity_never_leaves_its_grade():
    for variation in (-1.0, 1.0):
        state = shown(OWN, replace(MIDDLE, variation=(variation, 0.0)))
        assert 3.3 < state.severity < 3.7


@pytest.mark.parametrize(
    ("scale", "seen"),
    [
        (Scale.PFIRRMANN, lambda state: state.height_factor),
        (Scale.SCHNEIDERMAN, lambda state: state.look.cleft),
        (Scale.BULGING, lambda state: state.look.fissure),
    ],
)
def test_every_course_has_a_sign_of_its_own(scale, seen):
    values = [seen(signed(scale, sign)) for sign in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    steps = [after - before for before, after in pairwise(values)]
    others = [other for other in Scale if other is not scale]

    assert all(step == pytest.approx(steps[0]) for step in steps)
    assert abs(steps[0]) > 0.1
    assert {seen(signed(other, 2.0)) for other in others} == {values[2]}
