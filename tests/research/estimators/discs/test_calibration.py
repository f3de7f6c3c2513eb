import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit

from research.estimators.discs.calibration import calibration, calibration_bins
from research.estimators.discs.resampling import estimate, resample_patients


def planted(slope=1.0, shift=0.0, size=4_000, seed=0):
    """Chances whose outcome follows slope * logit + shift."""
    rng = np.random.default_rng(seed)
    chance = expit(rng.normal(-1, 1.5, size=size))
    truth = rng.random(size) < expit(slope * logit(chance) + shift)
    return truth, chance, resample_patients(np.arange(size) // 5, rng, 40)


def test_slope_and_intercept_are_statsmodels_in_every_draw():
    truth, chance, resamples = planted(0.7, 0.3)

    found = calibration(truth, chance, resamples)

    x = logit(chance)
    for draw in (0, 1, 40):
        weight = resamples.times[resamples.member, draw]
        family = sm.families.Binomial()
        line = sm.GLM(truth, sm.add_constant(x), family, freq_weights=weight).fit()
        level = sm.GLM(truth, np.ones(len(x)), family, freq_weights=weight, offset=x).fit()
        assert found.slope[draw] == pytest.approx(line.params[1], abs=1e-3)
        assert found.intercept[draw] == pytest.approx(level.params[0], abs=1e-3)


def test_planted_overconfidence_is_recovered():
    found = calibration(*planted(0.5))

    slope = estimate(found.slope)
    assert slope.low < 0.5 < slope.high < 0.65


def test_right_chances_have_slope_1_and_intercept_0():
    found = calibration(*planted())

    slope, intercept = estimate(found.slope), estimate(found.intercept)
    assert slope.low < 1 < slope.high
    assert intercept.low < 0 < intercept.high


@pytest.mark.parametrize("chance", [np.full(40, 0.3), np.linspace(0.1, 0.9, 40)])
def test_nothing_is_fitted_to_one_chance_or_to_parted_outcomes(chance):
    resamples = resample_patients(np.arange(40), np.random.default_rng(0), 2)

    assert np.isnan(calibration(chance > 0.5, chance, resamples).slope[0])


def test_bins_hold_every_disc_once_and_count_what_progressed():
    truth, chance, resamples = planted(size=1_000)

    bins = calibration_bins(truth, chance, resamples)

    assert len(bins) == 10
    assert sum(one.discs for one in bins) == 1_000
    lowest = chance <= np.quantile(chance, 0.1)
    assert bins[0].progressed.value == pytest.approx(truth[lowest].mean(), abs=0.011)
    assert bins[0].progressed.low <= bins[0].progressed.value <= bins[0].progressed.high
    assert [one.chance for one in bins] == sorted(one.chance for one in bins)


def test_few_different_chances_make_few_bins():
    chance = np.repeat([0.1, 0.8], 50)
    resamples = resample_patients(np.arange(100), np.random.default_rng(0), 2)

    bins = calibration_bins(np.arange(100) % 2 == 0, chance, resamples)

    assert [(one.chance, one.discs) for one in bins] == [(pytest.approx(0.1), 50),
                                                        (pytest.approx(0.8), 50)]  # fmt: skip
