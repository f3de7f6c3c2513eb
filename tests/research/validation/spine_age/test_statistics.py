import numpy as np
import pandas as pd
import pytest

from research.validation.spine_age.statistics import DEMANDING, fit_statistics, with_demanding_work
from tests.research.estimators.typed import reports


def cohort(seed=3, rows=1200):
    """A network that shrinks ages to 0.8; fractures make a spine five years older."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(25, 85, size=rows)
    fracture = (rng.random(rows) < 0.1).astype(np.int8)
    gap = 5.0 * fracture + 4 * rng.standard_normal(rows)
    return reports(
        rows,
        patient=np.arange(rows),
        sex=np.where(rng.random(rows) < 0.5, "M", "F"),
        age_years=age,
        fracture=fracture,
        heavy_work=(rng.random(rows) < 0.2).astype(float),
        predicted_age_years=10 + 0.8 * (age + gap),
    )


def test_the_gap_passes_through_the_bias_correction():
    table = cohort()
    validation = (np.arange(1200) < 400) & (table["fracture"] == 0).to_numpy()

    found = fit_statistics(table, validation, np.arange(1200) >= 400)

    fracture = next(row for row in found.associations if row.term.name == "fracture")
    assert fracture.plain.low < 5 < fracture.plain.high and fracture.plain.low > 3
    assert found.correction.line.slope == pytest.approx(0.8, abs=0.05)
    assert len(found.table) == len(found.gaps.years) == 800
    assert found.interaction is not None
    assert next(line for line in found.odds if line.term.name == "fracture").crude.low > 2


def test_series_without_a_prediction_are_counted():
    table = cohort()
    table.loc[700:709, "predicted_age_years"] = np.nan

    found = fit_statistics(table, np.arange(1200) < 400, np.arange(1200) >= 400)

    assert found.unpredicted == 10 and len(found.table) == 790


def test_demanding_work_is_known_from_one_yes_or_two_noes():
    table = pd.DataFrame({"moderate_work": [1, 0, np.nan, np.nan], "heavy_work": [np.nan, 0, 0, 1]})

    found = with_demanding_work(table)[DEMANDING]

    assert found[[0, 1, 3]].tolist() == [1, 0, 1] and np.isnan(found[2])
    assert DEMANDING not in with_demanding_work(table[[]])
