"""P2's w: one body that was measured wrongly does not change the regions of all discs."""

from types import SimpleNamespace

import numpy as np
import pytest

from spine.anatomy.levels import Level
from spine.segmentation.geometry import _mean_width

LUMBAR = (Level.L1, Level.L2, Level.L3, Level.L4, Level.L5)


def bodies(widths, levels=LUMBAR):
    return tuple(
        SimpleNamespace(level=level, width_mm=width)
        for level, width in zip(levels, widths, strict=False)
    )


def test_it_is_the_mean_of_the_lumbar_bodies():
    thoracic = SimpleNamespace(level=Level.T12, width_mm=29.0)
    assert _mean_width((thoracic, *bodies([31, 33, 34, 36, 36]))) == pytest.approx(34.0)
    assert _mean_width((thoracic,)) == 29.0


@pytest.mark.parametrize("wrong", [17.0, 60.0])
def test_a_body_far_off_takes_no_part(wrong):
    assert _mean_width(bodies([32, 34, wrong, 34, 36])) == pytest.approx(34.0)


def test_two_bodies_of_which_one_must_be_wrong_give_none():
    assert np.isnan(_mean_width(bodies([18, 36])))
    assert np.isnan(_mean_width(()))
