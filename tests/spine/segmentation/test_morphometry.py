"""Boxes and wedges on anisotropic grids, whose corners are known by hand."""

import numpy as np
import pytest

from spine.imaging.volume import Grid
from spine.segmentation.disc_shape import measure_disc
from spine.segmentation.dural_sac import sac_diameter_mm
from spine.segmentation.morphometry import BODY_REACH, measure_body, measure_end
from spine.segmentation.sections import Axes, Patch, midsagittal_section, patch

SPACING = (3.3, 0.8, 1.1)
SHAPE = (14, 100, 90)
GRID = Grid(SHAPE, np.diag([*SPACING, 1.0]))
CENTER = np.array([21.0, 40.0, 50.0])
UPRIGHT = np.eye(3)


def local(tilt_degrees: float = 0.0, center=CENTER) -> np.ndarray:
    """Coordinates (lateral, anterior, superior) of every voxel in axes tilted forward."""
    tilt = np.radians(tilt_degrees)
    points = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1) * SPACING
    x, y, z = np.moveaxis(points - center, -1, 0)
    return np.stack([x, np.cos(tilt) * y - np.sin(tilt) * z, np.sin(tilt) * y + np.cos(tilt) * z])


def structure(inside: np.ndarray) -> Patch:
    return patch(np.zeros(SHAPE, np.uint8), np.argwhere(inside), SPACING)


def wedge(front: float, back: float, depth: float, tilt_degrees: float = 0.0) -> Patch:
    x, a, s = local(tilt_degrees)
    half = (front + back) / 4 + (front - back) / 2 * a / depth
    return structure((np.abs(x) < 18) & (np.abs(a) <= depth / 2) & (np.abs(s) <= half))


@pytest.mark.parametrize("tilt", [5.0, 12.0, -25.0])
def test_wedged_body_keeps_its_heights_and_angle_however_it_leans(tilt):
    # Within a voxel, 1.1 mm high.
    found = measure_body(wedge(18.0, 24.0, 32.0, tilt), Axes(CENTER, UPRIGHT), GRID)
    assert found.shape.anterior_height_mm == pytest.approx(18.0, abs=1.0)
    assert found.shape.middle_height_mm == pytest.approx(21.0, abs=0.6)
    assert found.shape.posterior_height_mm == pytest.approx(24.0, abs=1.0)
    assert found.shape.wedge_ratio == pytest.approx(0.75, abs=0.06)
    # 6 mm over a depth of 32: twice atan(3 / 32).
    assert found.shape.wedge_degrees == pytest.approx(10.7, abs=1.5)


def test_endplates_have_the_corners_of_the_box():
    found = measure_body(wedge(20.0, 20.0, 30.0), Axes(CENTER, UPRIGHT), GRID)
    assert found.upper.posterior == pytest.approx((21.0, 25.0, 60.0), abs=0.6)
    assert found.upper.anterior == pytest.approx((21.0, 55.0, 60.0), abs=0.6)
    assert found.lower.posterior == pytest.approx((21.0, 25.0, 40.0), abs=0.6)
    assert found.lower.depth_mm == pytest.approx(30.0, abs=0.6)


def test_a_node_in_an_endplate_does_not_tilt_it():
    x, a, s = local()
    node = (a > 4) & (a < 9) & (s > 6)
    box = (np.abs(x) < 18) & (np.abs(a) <= 16) & (np.abs(s) <= 10) & ~node
    found = measure_body(structure(box), Axes(CENTER, UPRIGHT), GRID)
    assert found.shape.wedge_degrees == pytest.approx(0.0, abs=1.0)


def test_a_body_that_the_view_cuts_in_front_is_not_measured():
    x, a, s = local(center=np.array([21.0, 70.0, 50.0]))
    box = structure((np.abs(x) < 18) & (np.abs(a) <= 16) & (np.abs(s) <= 10))
    found = measure_body(box, Axes(np.array([21.0, 68.0, 50.0]), UPRIGHT), GRID)
    assert (found.shape, found.upper, found.lower) == (None, None, None)


def test_rubble_has_no_endplates():
    rng = np.random.default_rng(0)
    x, a, s = local()
    reach = np.repeat(rng.uniform(2, 14, SHAPE[1]), SHAPE[2]).reshape(SHAPE[1:])
    ragged = structure((np.abs(x) < 18) & (np.abs(a) <= 16) & (np.abs(s) <= reach))
    assert measure_body(ragged, Axes(CENTER, UPRIGHT), GRID).shape is None


def test_one_endplate_is_measured_without_the_other():
    found = measure_end(
        wedge(40.0, 40.0, 30.0), Axes(CENTER + np.array([0, 0, 12]), UPRIGHT), GRID, is_upper=True
    )
    assert found.anterior == pytest.approx((21.0, 55.0, 70.0), abs=0.7)


@pytest.mark.parametrize("tilt", [0.0, 20.0])
def test_wedged_disc_has_its_heights_where_they_are_read(tilt):
    # 12 mm in front, 6 behind: at 85, 50 and 15 % of the depth 11.1, 9 and 6.9.
    directions = np.array(
        [[1, 0, 0], [0, np.cos(np.radians(tilt)), -np.sin(np.radians(tilt))],
         [0, np.sin(np.radians(tilt)), np.cos(np.radians(tilt))]]
    )  # fmt: skip
    found = measure_disc(wedge(12.0, 6.0, 34.0, tilt), Axes(CENTER, directions))
    assert found.anterior_height_mm == pytest.approx(11.1, abs=0.6)
    assert found.middle_height_mm == pytest.approx(9.0, abs=0.5)
    assert found.posterior_height_mm == pytest.approx(6.9, abs=0.6)
    assert found.mean_height_mm == pytest.approx(9.0, abs=0.5)
    assert found.depth_mm == pytest.approx(34.0, abs=0.8)


def test_what_lies_apart_is_no_part_of_a_disc():
    x, a, s = local()
    disc = (np.abs(x) < 18) & (np.abs(a) <= 15) & (np.abs(s) <= 4)
    fragment = (np.abs(x) < 8) & (a > -25) & (a < -18) & (np.abs(s) <= 6)
    found = measure_disc(structure(disc | fragment), Axes(CENTER, UPRIGHT))
    assert found.depth_mm == pytest.approx(30.0, abs=0.8)


@pytest.mark.parametrize("lean", [0.0, 25.0])
def test_sac_is_measured_across_its_own_direction(lean):
    x, a, _ = local(lean, center=CENTER - np.array([0, 25, 0]))
    sac = structure((np.abs(x) < 9) & (np.abs(a) <= 6))
    assert sac_diameter_mm(sac, Axes(CENTER, UPRIGHT)) == pytest.approx(12.0, abs=0.5)


def test_no_sac_behind_a_disc_is_no_diameter():
    x, a, _ = local(center=CENTER + np.array([0, 20, 0]))
    assert (
        sac_diameter_mm(structure((np.abs(x) < 9) & (np.abs(a) <= 6)), Axes(CENTER, UPRIGHT))
        is None
    )


def test_a_section_beside_the_structure_is_none():
    far = Axes(CENTER + np.array([200.0, 0, 0]), UPRIGHT)
    assert midsagittal_section(wedge(20, 20, 30), far, BODY_REACH) is None
