import numpy as np
import pytest
from scipy.stats import chi2

from research.estimators.discs.published import (
    PEOPLE,
    SUBJECTS_BY_AGE,
    SUBJECTS_BY_BMI,
    SUBJECTS_BY_SEX,
)
from research.worlds.progression.joints import population_joint
from research.worlds.progression.people import draw_people
from spine.anatomy.grades import Scale


def p_value(course, scale):
    """Pearson's test of drawn against population joint; cells below 5 discs are pooled."""
    lowest, count = int(min(scale.grades)), len(scale.grades)
    found = np.zeros((count, count))
    np.add.at(found, (course.baseline - lowest, course.followup - lowest), 1)
    expected = population_joint(scale) * found.sum()
    large = expected >= 5
    found = np.append(found[large], found[~large].sum())
    expected = np.append(expected[large], expected[~large].sum())
    return float(chi2.sf(((found - expected) ** 2 / expected).sum(), len(found) - 1))


@pytest.mark.parametrize("scale", list(Scale))
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_drawn_cohort_is_not_told_from_the_population(scale, seed):
    assert p_value(draw_people(PEOPLE, seed).courses[scale], scale) > 0.01


def test_another_world_would_be_told_apart():
    course = draw_people(PEOPLE, 0).courses[Scale.PFIRRMANN]
    course.followup[:60] = np.minimum(course.followup[:60] + 1, 5)

    assert p_value(course, Scale.PFIRRMANN) < 0.01


def test_people_are_those_of_table_1():
    people = draw_people(PEOPLE, 0)

    assert np.bincount(people.age_group).tolist() == list(SUBJECTS_BY_AGE)
    assert people.age_years.mean() == pytest.approx(44.8, abs=0.1)
    assert people.age_years.std() == pytest.approx(9.7, abs=0.1)
    assert 100 * (people.age_years > 45).mean() == pytest.approx(57.1, abs=0.2)
    assert people.is_female.sum() == SUBJECTS_BY_SEX["F"]
    assert np.histogram(people.bmi, (0, 18.5, 25, 99))[0].tolist() == list(SUBJECTS_BY_BMI)
    assert people.bmi.mean() == pytest.approx(23.1, abs=0.1)
    assert people.bmi.std() == pytest.approx(3.5, abs=0.1)


def test_discs_of_one_person_resemble_each_other():
    course = draw_people(PEOPLE, 0).courses[Scale.PFIRRMANN]

    within = np.corrcoef(course.baseline[:, 1], course.baseline[:, 2])[0, 1]
    between = np.corrcoef(course.baseline[:-1, 1], course.baseline[1:, 2])[0, 1]
    assert within > 0.2 > abs(between)


def test_the_same_seed_gives_the_same_cohort_and_leaves_global_randomness_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (that it is untouched is the point)
    first, second, other = draw_people(50, 3), draw_people(50, 3), draw_people(50, 4)

    assert (first.age_years == second.age_years).all()
    assert (first.courses[Scale.BULGING].sign == second.courses[Scale.BULGING].sign).all()
    assert (first.courses[Scale.BULGING].sign != other.courses[Scale.BULGING].sign).any()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
