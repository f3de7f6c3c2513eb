import numpy as np
import pandas as pd
import pytest

from research.worlds.reports.people import draw_scans


@pytest.fixture(scope="module")
def scans():
    return draw_scans(18_070, np.random.default_rng(0))


def test_series_people_scanners_clinics_and_years_are_the_papers(scans):
    assert len(scans) == 18_070
    assert scans["person"].nunique() == 17_394
    assert scans["person"].max() == 17_393
    assert (scans["scanner"].nunique(), scans["clinic"].nunique()) == (19, 10)
    assert scans.groupby("scanner")["clinic"].nunique().max() == 1
    years = scans["scan_date"].dt.year
    assert (years.min(), years.max()) == (2011, 2024)


def test_ages_sexes_and_classes_are_those_of_table_1(scans):
    """Some cells and sums of P1's Table 1, typed here again."""
    cells = scans.groupby(["bracket", "sex", "abnormal"]).size()

    assert cells[(50, "M", False)] == 1617
    assert cells[(80, "F", True)] == 122
    assert cells[(40, "F", True)] == 1252
    sums = scans.groupby("abnormal").size()
    assert (sums[False], sums[True]) == (10_611, 7459)
    low = scans["bracket"] - 5
    assert scans["age_years"].between(low, low + 10, inclusive="left").all()


def test_repeat_scans_are_676_people_with_one_sex_at_the_age_of_the_date(scans):
    pairs = scans[scans["person"].duplicated(keep=False)].sort_values(["person", "scan_date"])
    first, second = pairs.iloc[::2], pairs.iloc[1::2]

    assert len(first) == 676
    assert (first["person"].to_numpy() == second["person"].to_numpy()).all()
    assert (first["sex"].to_numpy() == second["sex"].to_numpy()).all()
    assert (first["clinic"].to_numpy() == second["clinic"].to_numpy()).all()
    days = second["scan_date"].to_numpy() - first["scan_date"].to_numpy()
    years = days / np.timedelta64(1, "D") / 365.25
    aged = second["age_years"].to_numpy() - first["age_years"].to_numpy()
    np.testing.assert_allclose(years, aged, atol=0.02)
    # P1, Table 4: 1.59 years on average.
    assert np.mean(years) == pytest.approx(1.6, abs=0.15)


def test_small_cohorts_keep_the_shares():
    for series in (300, 3000):
        scans = draw_scans(series, np.random.default_rng(1))

        assert len(scans) == series
        assert scans["abnormal"].mean() == pytest.approx(0.413, abs=0.002)
        assert scans["person"].nunique() == series - round(series * 676 / 18_070)


def test_without_abnormals_everyone_is_normal():
    scans = draw_scans(500, np.random.default_rng(0), abnormals=False)

    assert len(scans) == 500
    assert not scans["abnormal"].any()


def test_the_same_seed_gives_the_same_scans():
    first, again = (draw_scans(400, np.random.default_rng(5)) for _ in range(2))

    pd.testing.assert_frame_equal(first, again)
