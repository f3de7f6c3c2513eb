import numpy as np
import pytest

from research.estimators.discs.decisions import net_benefit
from research.estimators.discs.resampling import resample_patients


def test_net_benefit_by_hand():
    truth = np.array([True, True, False, False, False])
    chance = np.array([0.9, 0.2, 0.6, 0.1, 0.0])
    resamples = resample_patients(np.arange(5), np.random.default_rng(0), 1)

    found = net_benefit(truth, chance, resamples, np.array([0.1, 0.5]))[:, 0]

    # At 0.1: 2 true, 2 false at 1/9 each; at 0.5: 1 true, 1 false at 1.
    assert found == pytest.approx([(2 - 2 / 9) / 5, 0.0])


def test_acting_on_nobody_gains_nothing_and_a_knower_gains_all():
    truth = np.array([True, False, True, False])
    resamples = resample_patients(np.arange(4), np.random.default_rng(0), 3)

    assert (net_benefit(truth, np.zeros(4), resamples) == 0).all()
    assert net_benefit(truth, truth.astype(float), resamples)[:, 0] == pytest.approx(0.5)
