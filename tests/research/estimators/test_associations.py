import numpy as np
import pandas as pd
import pytest

from research.estimators.associations import (
    Association,
    false_discovery_rates,
    fit_associations,
    fit_model,
)
from research.estimators.clustered import Estimate
from research.estimators.terms import Model, terms
from research.estimators.vocabulary import ADDITIONAL, STRUCTURAL
from tests.research.estimators.typed import exact, reports

NAMES = (*STRUCTURAL, *ADDITIONAL)


def cohort(seed, rows=3000):
    """Structural pathologies at 5 %, more often in old people; some people seen twice."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(25, 85, size=rows)
    flags = {name: (rng.random(rows) < 0.05 + 0.002 * (age - 55)).astype(int) for name in NAMES}
    person = np.arange(rows) % (rows - 100)
    sex = np.where(rng.random(rows) < 0.5, "M", "F")
    table = pd.DataFrame({"patient": person, "sex": sex, "age_years": age} | flags)
    gap = rng.standard_normal(rows) * 4.8 + 2.0 * (sex == "M") + 1.0
    return table, gap


def structural(table, gap):
    return {row.term.name: row for row in fit_model(table, exact(table, gap), Model.STRUCTURAL)}


def test_planted_effects_are_recovered_beside_sex_and_each_other():
    table, gap = cohort(1)
    gap = gap + 3.0 * table["fracture"] - 2.0 * table["scoliosis"]

    rows = structural(table, gap)

    assert rows["fracture"].plain.low < 3.0 < rows["fracture"].plain.high
    assert rows["scoliosis"].plain.low < -2.0 < rows["scoliosis"].plain.high
    assert rows["scoliosis"].plain.high < 0 < rows["tarlov_cyst"].plain.high
    assert rows["fracture"].people == table["fracture"].sum()
    assert rows["fracture"].plain.high - rows["fracture"].plain.low < 2.0
    assert len(rows) == 9


def test_what_age_alone_does_shows_without_the_spline_and_not_with_it():
    table, gap = cohort(2)
    gap = gap - 0.004 * (table["age_years"] - 55) ** 2 - 0.3 * (table["age_years"] - 55)

    rows = structural(table, gap)
    plain = np.mean([row.plain.value for row in rows.values()])
    spline = [row.spline.low < 0 < row.spline.high for row in rows.values()]

    assert plain < -1.0
    assert sum(spline) >= 8


def test_a_term_that_few_have_or_that_others_tell_is_omitted_with_the_reason():
    table, gap = cohort(3)
    table["fracture"] = 0
    table.loc[:1, "fracture"] = 1
    table["transitional_vertebra"] = table["scoliosis"]

    rows = structural(table, gap)

    assert "fewer than 3" in rows["fracture"].omitted and rows["fracture"].plain is None
    assert "above" in rows["transitional_vertebra"].omitted
    assert not rows["scoliosis"].omitted and rows["scoliosis"].plain is not None


def test_people_seen_twice_count_once_towards_the_least_number():
    table, gap = cohort(4)
    table["fracture"] = (table["patient"] < 2).astype(int)

    assert table["fracture"].sum() == 4
    assert structural(table, gap)["fracture"].omitted


def test_a_lifestyle_column_that_lacks_is_stated_and_unknown_answers_leave_the_model():
    table, gap = cohort(5, rows=300)
    rng = np.random.default_rng(5)
    packs = rng.exponential(size=300)
    packs[:40] = np.nan
    table["packs_per_day"] = packs
    table["heavy_work"] = (rng.random(300) < 0.3).astype(float)

    rows = {row.term.name: row for row in fit_model(table, exact(table, gap), Model.LIFESTYLE)}

    assert rows["moderate_work"].omitted == "column missing"
    assert rows["heavy_work"].rows == 260
    assert rows["packs_per_day"].people == 260


def test_false_discovery_rates_by_hand():
    found = [Estimate(0, 0, 0, p) for p in (0.01, 0.04, 0.03)]
    rows = [Association(terms()[0], 9, 9, one) for one in (*found[:2], None, found[2])]

    found = false_discovery_rates(rows)

    assert found[[0, 1, 3]] == pytest.approx([0.03, 0.04, 0.04])
    assert np.isnan(found[2])


def test_every_term_gives_a_row_on_reports_without_findings():
    table = reports(50, patient=np.arange(50), sex=["M", "F"] * 25, age_years=np.arange(30.0, 80))

    rows = fit_associations(table, exact(table, np.random.default_rng(6).standard_normal(50)))

    assert [row.term for row in rows] == list(terms())
    assert all(row.omitted for row in rows)
