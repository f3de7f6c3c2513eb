import numpy as np
import pytest

from research.estimators.discs.published import PUBLISHED, SUBJECTS_BY_AGE
from research.worlds.progression.joints import joint_by_stratum, population_joint
from spine.anatomy.grades import Scale

# Up, same and down, percent: worked out from Tables 2 and 3 apart from this code.
CHANGES = {
    Scale.SCHNEIDERMAN: (64.6, 28.2, 7.2),
    Scale.BULGING: (23.4, 73.5, 3.1),
    Scale.PFIRRMANN: (14.2, 60.7, 25.1),
}


@pytest.mark.parametrize("scale", list(Scale))
def test_population_has_the_printed_grades_at_both_times(scale):
    joint = 100 * population_joint(scale)

    assert np.abs(joint.sum(axis=1) - PUBLISHED[scale].baseline).max() < 0.2
    assert np.abs(joint.sum(axis=0) - PUBLISHED[scale].followup).max() < 0.2


@pytest.mark.parametrize("scale", list(Scale))
def test_population_has_the_printed_origins_of_every_followup_grade(scale):
    joint = population_joint(scale)
    origins = 100 * joint / joint.sum(axis=0)

    assert np.abs(origins.T - np.array(PUBLISHED[scale].baseline_of_followup)).max() < 0.2


@pytest.mark.parametrize("scale", list(Scale))
def test_as_many_discs_rise_stay_and_fall_as_in_the_tables(scale):
    joint = 100 * population_joint(scale)
    found = np.triu(joint, 1).sum(), np.trace(joint), np.tril(joint, -1).sum()

    assert np.abs(np.subtract(found, CHANGES[scale])).max() < 0.2


def test_one_cell_by_hand():
    # Follow-up Pfirrmann 4: 29.4 % of discs, of which 20.3 % came from grade 3.
    assert population_joint(Scale.PFIRRMANN)[2, 3] == pytest.approx(0.294 * 0.203, abs=1e-6)


@pytest.mark.parametrize("scale", list(Scale))
def test_progression_by_age_group_is_table_1(scale):
    strata = joint_by_stratum(scale)
    by_age = 100 * np.triu(strata, 1).sum(axis=(2, 3)).mean(axis=1)

    assert np.abs(by_age - PUBLISHED[scale].by_age).max() < 0.2
    assert strata.shape[:2] == (len(SUBJECTS_BY_AGE), 5)


@pytest.mark.parametrize("scale", list(Scale))
def test_baseline_rises_with_age_and_towards_the_lower_levels(scale):
    strata = joint_by_stratum(scale).sum(axis=3)
    mean = strata @ np.arange(strata.shape[-1])

    assert (np.diff(mean, axis=0) > -0.01).all()
    assert (np.diff(mean[:, :4], axis=1) > 0).all()
