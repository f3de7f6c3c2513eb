import numpy as np
import pandas as pd
import pytest

from research.worlds.reports.findings import CONDITIONS
from research.worlds.reports.gaps import draw_gaps, planted_effects, predict
from research.worlds.reports.laws import effects
from research.worlds.reports.placing import LEVELS
from research.worlds.reports.settings import World, settings_of

pytestmark = pytest.mark.slow

PAPERS = settings_of(World.PAPERS)


def table(**changes):
    rows = len(next(iter(changes.values())))
    names = [f"{lv}_{c}" for levels in LEVELS.values() for lv in levels for c in CONDITIONS]
    names += [effect.name for effect in effects() if not effect.region]
    blank = pd.DataFrame(0, index=range(rows), columns=names)
    return blank.assign(age_years=51.0, scanner="a").assign(**changes)


def test_there_are_the_54_effects_of_tables_5_and_6():
    models = [effect.model for effect in effects()]

    assert {model: models.count(model) for model in models} == {
        "lumbar": 14, "structural": 9, "lifestyle": 7, "cervical": 14, "thoracic": 10,
    }  # fmt: skip


def test_only_the_most_severe_category_met_counts_and_only_above_its_number():
    """Three mild bulges: 1.27; with one severe: 2.96 alone; two mild: nothing (P1, Table 5)."""
    found = table(
        L1_disc_bulge=[1, 1, 1],
        L2_disc_bulge=[1, 1, 1],
        L3_disc_bulge=[1, 1, 0],
        L4_disc_bulge=[0, 3, 0],
    )

    assert planted_effects(found, PAPERS) == pytest.approx([1.27, 2.96, 0.0])


def test_conditions_and_habits_add_up():
    found = table(fracture=[1], C5_annular_fissure=[1], packs_per_day=[2.0])

    assert planted_effects(found, PAPERS) == pytest.approx([1.45 + 0.18 + 2 * 0.93])


def test_demanding_work_ages_the_young_and_not_the_old():
    """0.67 at 51 years and 0.06 less each year (P1, Figure 7; the slope is an assumption)."""
    found = table(heavy_work=[1, 1, 1], age_years=[31.0, 51.0, 81.0])

    assert planted_effects(found, PAPERS) == pytest.approx([1.87, 0.67, -1.13])


def test_the_null_world_plants_nothing():
    found = table(heavy_work=[1], fracture=[1], L4_disc_bulge=[3])

    assert planted_effects(found, settings_of(World.NULL)) == 0.0


@pytest.mark.parametrize("world", [World.PAPERS, World.NULL, World.HEAVY_TAILS])
def test_gap_and_error_have_the_planted_spreads_and_pairs_the_planted_correlation(world):
    rng = np.random.default_rng(0)
    found = table(fracture=rng.integers(0, 2, 40_000), age_years=rng.uniform(25, 85, 40_000))
    person = np.arange(40_000) // 2

    gaps = draw_gaps(found, person, settings_of(world), rng)
    said, error = predict(found, gaps, settings_of(world), rng)

    assert gaps.std() == pytest.approx(4.1, rel=0.1 if world is World.HEAVY_TAILS else 0.02)
    assert error.std() == pytest.approx(2.5, rel=0.02)
    corrected = (said - 52.0) / 0.92 + 52.0 - found["age_years"].to_numpy()
    np.testing.assert_allclose(corrected, gaps + error, atol=1e-9)
    own = corrected - planted_effects(found, settings_of(world))
    first, second = own[::2], own[1::2]
    # A person's own part correlates between scans: 0.73 in all, less what effects explain.
    expected = np.cov(first, second)[0, 1] / (np.cov(first, second)[0, 1] + 2.5**2)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(expected, abs=0.02)
    assert expected == pytest.approx(0.73, abs=0.04)


def test_heavy_tails_have_more_far_gaps():
    rng = np.random.default_rng(0)
    found, person = table(age_years=np.full(40_000, 50.0)), np.arange(40_000)

    far = [
        (np.abs(draw_gaps(found, person, settings_of(world), rng)) > 15).mean()
        for world in (World.PAPERS, World.HEAVY_TAILS)
    ]

    assert far[1] > 5 * far[0]


def test_scanners_shift_and_age_bends_where_planted():
    rng = np.random.default_rng(0)
    names = np.array([f"s{n}" for n in range(19)])
    found = table(age_years=np.repeat(52.0, 1900), scanner=np.repeat(names, 100))
    zero = np.zeros(1900)

    def means(world):
        said, error = predict(found, zero, settings_of(world), rng)
        return (said - 0.92 * error).reshape(19, 100).mean(axis=1)

    assert means(World.PAPERS).std() < 1e-9
    assert means(World.SCANNER_SHIFT).std() == pytest.approx(2.0, rel=0.5)

    old = table(age_years=[32.0, 52.0, 72.0])
    said, error = predict(old, np.zeros(3), settings_of(World.NONLINEAR_AGE), rng)
    straight = 52.0 + 0.92 * (np.array([32.0, 52.0, 72.0]) + error - 52.0)
    assert said - straight == pytest.approx([3.0, 0.0, 3.0])
