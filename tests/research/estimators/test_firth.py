import math

import numpy as np
import pytest
import statsmodels.api as sm

from research.estimators.firth import fit_firth


def table(a, b, c, d):
    """Rows of a 2 x 2 table: design with ones and exposure, and the event."""
    exposed = np.repeat([1.0, 1, 0, 0], [a, b, c, d])
    event = np.repeat([True, False, True, False], [a, b, c, d])
    return np.column_stack([np.ones(len(exposed)), exposed]), event


@pytest.mark.parametrize("cells", [(7, 3, 2, 9), (5, 0, 1, 40), (0, 6, 4, 30)])
def test_a_two_by_two_table_gets_half_a_person_in_every_cell(cells):
    a, b, c, d = (cell + 0.5 for cell in cells)

    assert fit_firth(*table(*cells), 1).value == pytest.approx(math.log(a * d / b / c), abs=1e-4)


def test_with_many_people_it_is_maximum_likelihood():
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(4000), rng.standard_normal((4000, 2))])
    event = rng.random(4000) < 1 / (1 + np.exp(-design @ [-1.0, 0.7, -0.4]))

    fit = sm.Logit(event.astype(float), design).fit(disp=False)
    found = fit_firth(design, event, 1)

    assert found.value == pytest.approx(fit.params[1], abs=2e-3)
    assert (found.low, found.high) == pytest.approx(fit.conf_int()[1], abs=4e-3)


def test_the_interval_of_a_separated_table_is_finite():
    found = fit_firth(*table(5, 0, 1, 40), 1)

    assert 0 < found.low < found.value < found.high < math.inf


def test_the_profile_interval_of_a_sparse_table_holds():
    rng = np.random.default_rng(2)
    design = np.column_stack([np.ones(60), np.arange(60) < 15])
    rate = 1 / (1 + np.exp(-design @ [-2.5, 1.5]))

    held = [
        found.low <= 1.5 <= found.high
        for found in (fit_firth(design, rng.random(60) < rate, 1) for _ in range(30))
    ]

    assert np.mean(held) >= 0.9
