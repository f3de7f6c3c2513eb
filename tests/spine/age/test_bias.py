import numpy as np
import pytest

from spine.age.bias import correct_bias, fit_bias


def test_planted_line_is_recovered():
    rng = np.random.default_rng(0)
    age = rng.uniform(25, 85, size=4000)

    line = fit_bias(age, 0.8 * age + 11 + rng.normal(0, 4, size=age.size))

    assert line.slope == pytest.approx(0.8, abs=0.02)
    assert line.intercept_years == pytest.approx(11, abs=1)
    assert line.cases == 4000


def test_line_through_three_points_by_hand():
    line = fit_bias(np.array([30.0, 50.0, 70.0]), np.array([40.0, 50.0, 60.0]))

    assert (line.slope, line.intercept_years) == pytest.approx((0.5, 25.0))
    assert correct_bias(45.0, line) == pytest.approx(40.0)


def test_correction_undoes_the_line_and_removes_the_slope_of_the_gap():
    rng = np.random.default_rng(1)
    age = rng.uniform(25, 85, size=500)
    predicted = 0.7 * age + 16 + rng.normal(0, 3, size=age.size)
    line = fit_bias(age, predicted)

    gap = np.array([correct_bias(value, line) for value in predicted]) - age

    assert np.polyfit(age, gap, 1)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("ages", [[], [40.0, 50.0], [40.0, 40.0, 40.0]])
def test_too_little_to_fit_is_an_error(ages):
    with pytest.raises(ValueError, match="three cases"):
        fit_bias(np.array(ages), np.array(ages))
