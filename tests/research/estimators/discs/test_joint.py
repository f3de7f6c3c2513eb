import numpy as np
import pytest
from scipy.stats import chisquare

from research.estimators.discs.joint import fit_of_joint
from research.estimators.discs.published import PUBLISHED
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort, discs_of_joint

JOINT = PUBLISHED[Scale.PFIRRMANN].joint


def test_discs_in_the_proportions_of_the_joint_fit():
    found = fit_of_joint(discs_of_joint(Scale.PFIRRMANN), JOINT)

    assert found.largest_difference_points < 0.02
    assert found.p > 0.9


def test_single_discs_are_tested_as_scipy_does():
    discs = cohort(Scale.SCHNEIDERMAN, patients=400).of(np.arange(2_000) % 5 == 0)
    joint = PUBLISHED[Scale.SCHNEIDERMAN].joint

    found = fit_of_joint(discs, joint)

    counts = np.bincount(discs.baseline * 4 + discs.followup, minlength=16)
    expected = joint.ravel() * 400
    rare = expected < 5
    pooled = [np.append(values[~rare], values[rare].sum()) for values in (counts, expected)]
    plain = chisquare(*pooled)
    assert found.degrees == (~rare).sum()
    assert found.statistic * found.design_effect == pytest.approx(plain.statistic)
    assert found.design_effect == pytest.approx(1, abs=0.15)


def test_discs_that_are_all_alike_in_a_patient_count_once():
    discs = cohort(Scale.PFIRRMANN, patients=500)
    for grades in (discs.baseline, discs.followup):
        grades[:] = np.repeat(grades[::5], 5)

    found = fit_of_joint(discs, JOINT)

    assert found.design_effect == pytest.approx(5, abs=0.6)


def test_clustered_samples_of_the_joint_are_rejected_no_more_often_than_said():
    rejected = 0
    for seed in range(200):
        discs = cohort(Scale.PFIRRMANN, seed, patients=150)
        for grades in (discs.baseline, discs.followup):
            grades[:] = np.repeat(grades[::5], 5)
        rejected += fit_of_joint(discs, JOINT).p < 0.05
    assert rejected <= 22


def test_another_population_is_rejected():
    discs = cohort(Scale.PFIRRMANN, patients=500)
    discs.followup[:400] = np.minimum(discs.followup[:400] + 1, 5)

    assert fit_of_joint(discs, JOINT).p < 0.001
