import numpy as np
import pytest

from research.validation.age.lines import fit_line
from spine.age.bias import fit_bias

SLOPE, INTERCEPT = 0.8, 11.0


def test_noiseless_line_is_recovered_exactly():
    age = np.random.default_rng(0).uniform(25, 85, size=1_051)
    predicted = SLOPE * age + INTERCEPT

    bias, line = fit_bias(age, predicted), fit_line(age, predicted)

    assert bias.slope == pytest.approx(SLOPE, abs=1e-9)
    assert bias.intercept_years == pytest.approx(INTERCEPT, abs=1e-9)
    assert line.slope == pytest.approx(SLOPE, abs=1e-9)
    assert line.intercept == pytest.approx(INTERCEPT, abs=1e-9)


def test_it_is_the_line_that_corrects_ages():
    rng = np.random.default_rng(1)
    age = rng.uniform(25, 85, size=300)
    predicted = SLOPE * age + INTERCEPT + rng.normal(0, 4, size=300)

    bias, line = fit_bias(age, predicted), fit_line(age, predicted)

    assert (line.slope, line.intercept, line.cases) == (
        pytest.approx(bias.slope),
        pytest.approx(bias.intercept_years),
        bias.cases,
    )


@pytest.mark.slow
@pytest.mark.parametrize("growth", [0.0, 0.12], ids=["even scatter", "scatter grows with age"])
def test_intervals_cover_the_planted_line_in_95_of_100_runs(growth):
    """P1's 1,051 validation cases, 1,000 times; 93 to 97 % is three standard errors."""
    rng = np.random.default_rng(2)
    covered = np.empty((1_000, 2), dtype=bool)
    for row in covered:
        age = rng.uniform(25, 85, size=1_051)
        scatter = 3.0 + growth * (age - 25)
        line = fit_line(age, SLOPE * age + INTERCEPT + scatter * rng.standard_normal(1_051))
        row[:] = (
            line.slope_interval[0] <= SLOPE <= line.slope_interval[1],
            line.intercept_interval[0] <= INTERCEPT <= line.intercept_interval[1],
        )

    slope, intercept = covered.mean(axis=0)

    assert 0.93 <= slope <= 0.97
    assert 0.93 <= intercept <= 0.97


@pytest.mark.parametrize("ages", [[], [40.0, 50.0], [40.0, 40.0, 40.0]])
def test_too_little_to_fit_is_an_error(ages):
    with pytest.raises(ValueError, match="three cases"):
        fit_line(np.array(ages), np.array(ages))
