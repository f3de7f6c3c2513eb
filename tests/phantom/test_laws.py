import numpy as np
import pytest

from phantom import laws
from phantom.laws import DiscDraws
from phantom.subjects import subject
from phantom.variants import NORMAL
from spine.anatomy.grades import Bulging
from spine.anatomy.levels import DiscLevel, Level

pytestmark = pytest.mark.slow

PEOPLE = 150


def _share(age, sign):
    """Share of people with a sign at one or more lumbar discs."""
    people = [subject(seed, age_years=age, variant=NORMAL) for seed in range(PEOPLE)]
    return np.mean([any(sign(d) for d in p.discs if d.level.is_lumbar) for p in people])


def test_population_degenerates_with_age():
    means = [
        np.mean([d.latent for seed in range(40) for d in subject(seed, age_years=age).discs])
        for age in (20, 40, 60, 80)
    ]
    assert (np.diff(means) > 0.3).all()


@pytest.mark.parametrize(("age", "target"), [(20, 0.37), (50, 0.80), (80, 0.96)])
def test_degeneration_has_brinjikji_prevalence(age, target):
    # tolerance: three standard errors of 150 people, and the moved third cut
    assert _share(age, lambda d: d.pfirrmann >= 3) == pytest.approx(target, abs=0.15)


@pytest.mark.parametrize(("age", "target"), [(20, 0.17), (50, 0.73), (80, 0.97)])
def test_signal_loss_has_brinjikji_prevalence(age, target):
    assert _share(age, lambda d: d.schneiderman >= 2) == pytest.approx(target, abs=0.15)


@pytest.mark.parametrize(("age", "target"), [(20, 0.30), (50, 0.60), (80, 0.84)])
def test_bulges_have_brinjikji_prevalence(age, target):
    assert _share(age, lambda d: d.bulging >= Bulging.BULGE) == pytest.approx(target, abs=0.15)


def test_severity_rises_with_the_latent_state():
    z = np.linspace(-4, 4, 200)
    grades = [laws.severity(value) for value in z]
    assert (np.diff(grades) >= 0).all()
    assert grades[0] == 1
    assert grades[-1] < 6


def test_only_collapsed_discs_lose_their_height():
    draws = DiscDraws(0, 0, 0, 0, 0, 0, 0, 0, 0)
    heights = [
        laws.disc_state(DiscLevel.L3_L4, z, draws, 50).height_factor for z in (-2, 0.3, 1.2, 3)
    ]
    assert heights[0] == pytest.approx(1.0, abs=0.05)
    assert heights[1] == pytest.approx(1.0, abs=0.05)
    assert 0.75 < heights[2] < 0.98
    assert heights[3] < 0.5


def test_marrow_turns_fatty_and_overtakes_in_women():
    fat = [
        [laws.marrow_fat_fraction(age, sex, Level.L3, 0.0) for age in (20, 40, 60, 80)]
        for sex in ("M", "F")
    ]
    assert (np.diff(fat, axis=1) > 0).all()
    assert fat[1][0] < fat[0][0]
    assert fat[1][3] > fat[0][3]
