"""Names and order of levels."""

import pytest

from spine.anatomy.levels import DiscLevel, Level, Region


def test_levels_run_from_head_to_foot():
    assert Level.C1.order < Level.C7.order < Level.T1.order < Level.T13.order < Level.L1.order
    assert Level.L7.order < Level.S1.order


def test_a_disc_names_its_neighbors():
    assert (DiscLevel.L5_S1.above, DiscLevel.L5_S1.below) == (Level.L5, Level.S1)
    assert DiscLevel.between(Level.T13, Level.L1) is DiscLevel.T13_L1


def test_vertebrae_that_never_touch_have_no_disc():
    with pytest.raises(ValueError, match="L1/L3"):
        DiscLevel.between(Level.L1, Level.L3)


def test_lumbar_discs_are_those_below_a_lumbar_vertebra():
    lumbar = {disc.value for disc in DiscLevel if disc.is_lumbar}
    assert {"L1/L2", "L5/S1", "L4/S1", "L7/S1"} <= lumbar
    assert not {"T12/L1", "T13/L1", "T11/L1"} & lumbar


def test_the_region_is_the_first_letter():
    assert Level.T13.region is Region.THORACIC
