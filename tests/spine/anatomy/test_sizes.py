import pytest

from spine.anatomy.levels import DiscLevel, Level, Region
from spine.anatomy.sizes import body_size, disc_size, growth, pitch_mm


def test_every_level_and_disc_of_every_count_has_a_size():
    levels = [lv for lv in Level if lv.region is not Region.SACRAL and lv is not Level.C1]
    assert all(8 < body_size(level).height_mm < 30 for level in levels)
    assert all(2 < disc_size(level).height_mm < 15 for level in DiscLevel)


def test_a_vertebra_beyond_the_usual_count_is_like_the_last_of_its_region():
    assert body_size(Level.T13) == body_size(Level.T12)
    assert body_size(Level.L6) == body_size(Level.L5)


def test_pitch_is_half_of_both_bodies_and_the_disc():
    assert pitch_mm(DiscLevel.L3_L4) == pytest.approx((23.8 + 24.1) / 2 + 11.3)


def test_growth_ends_with_an_adult():
    assert growth(1) == 0.5
    assert growth(8) == pytest.approx(0.74)
    assert growth(40) == 1.0
