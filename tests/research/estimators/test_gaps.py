import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from research.estimators.clustered import fit_clustered
from research.estimators.gaps import Correction, Gaps, fit_correction, fit_gaps, gaps_of
from spine.inference.models import BiasLine


def series(seed, rows, slope=0.8, noise=3.0):
    rng = np.random.default_rng(seed)
    age = rng.uniform(25, 85, size=rows)
    said = 10 + slope * age + noise * rng.standard_normal(rows)
    return pd.DataFrame({"patient": np.arange(rows), "age_years": age, "predicted_age_years": said})


def test_the_line_is_that_of_the_papers_equation_with_its_error():
    table = series(1, 500)

    found = fit_correction(table)

    fit = sm.OLS(table["predicted_age_years"], sm.add_constant(table["age_years"])).fit()
    assert found.line.slope == pytest.approx(fit.params.iloc[1])
    assert found.slope_error == pytest.approx(fit.HC3_se.iloc[1])
    assert found.line.cases == 500


def test_series_without_a_prediction_are_left_out_and_have_no_gap():
    table = series(2, 20, noise=0.0)
    table.loc[:4, "predicted_age_years"] = np.nan

    correction = fit_correction(table)
    found = gaps_of(table, correction)

    assert correction.line.cases == 15
    assert np.isnan(found.years[:5]).all()
    assert found.years[5:] == pytest.approx(np.zeros(15), abs=1e-9)


def test_too_few_series_for_a_line_is_an_error():
    with pytest.raises(ValueError, match="bias line"):
        fit_correction(series(3, 2))


def test_errors_add_what_the_line_is_unsure_of():
    rng = np.random.default_rng(4)
    age = rng.uniform(25, 85, size=300)
    design = np.column_stack([np.ones(300), age > 60])
    gap = rng.standard_normal(300)
    unsure = Correction(BiasLine(0.8, 10.0, 100), 0.02, 98.0)

    fit = fit_gaps(design, Gaps(gap, age + gap, unsure), np.arange(300))

    plain = fit_clustered(design, gap, np.arange(300))
    older = (age + gap)[age > 60].mean() - (age + gap)[age <= 60].mean()
    assert fit.effects == pytest.approx(plain.effects)
    assert fit.errors[1] ** 2 == pytest.approx(plain.errors[1] ** 2 + (older * 0.02 / 0.8) ** 2)
    assert 98 < fit.degrees[1] < plain.degrees[1]


def test_with_the_lines_error_the_slope_of_the_gap_on_age_is_zero_as_often_as_said():
    table = series(5, 1000)
    misses = plain_misses = 0
    for seed in range(100):
        correction = fit_correction(series(1000 + seed, 200))
        gaps = gaps_of(table, correction)
        design = np.column_stack([np.ones(1000), table["age_years"] - 55])
        misses += fit_gaps(design, gaps, table["patient"]).p_values()[1] < 0.05
        plain_misses += fit_clustered(design, gaps.years, table["patient"]).p_values()[1] < 0.05

    assert misses <= 11
    assert plain_misses > 30
