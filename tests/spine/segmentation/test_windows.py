import numpy as np
import pytest

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import Grid, LabelMap
from spine.preprocessing.fine import FineSpec, fine_grid
from spine.preprocessing.segmentation import WindowSpec, window_from_classes
from spine.segmentation.windows import (
    IN_PLANE_MARGIN_MM,
    SLICE_MARGIN_MM,
    region_points,
    windows_along,
    windows_everywhere,
)

pytestmark = pytest.mark.slow

COARSE = WindowSpec((3.0, 1.8, 1.8), (16, 192, 400))
FINE = FineSpec()


def coarse_classes(classes):
    window = window_from_classes(classes, COARSE)
    return LabelMap(window.transpose(0, 2, 1).copy(), COARSE.grid(classes.grid).affine)


def points_of(classes):
    return region_points(coarse_classes(classes), classes.grid, FINE)


@pytest.mark.parametrize("lordosis_mm", [0.0, 18.0, 45.0])
def test_every_point_of_a_curved_spine_lies_in_a_window_with_its_margin(draw, lordosis_mm):
    classes = draw(lordosis_mm=lordosis_mm, affine_rotation_degrees=6.0).classes
    points = points_of(classes)
    windows = windows_along(points, classes.grid, FINE)

    margin = IN_PLANE_MARGIN_MM / FINE.pixel_mm
    slices, anteriors, superiors = fine_grid(classes.grid, FINE).shape
    reach = SLICE_MARGIN_MM / classes.grid.spacing_mm[0]
    for place in range(slices):
        here = [window for window in windows if place in window.slices]
        near = points[np.abs(points[:, 0] - place) <= reach]
        assert len(near)
        for side in (-margin, margin):
            front = np.clip(near[:, 2] + side, 0, anteriors - 1)
            assert _are_in(near[:, 1], front, here).all()
    ends = [window.superior for window in windows]
    assert min(ends) <= max(0, points[:, 1].min() - margin)
    assert max(ends) + 256 >= min(superiors, points[:, 1].max() + margin)


def _are_in(superior, anterior, windows):
    width, height = FINE.shape
    inside = [
        (superior > w.superior - 0.5)
        & (superior < w.superior + height - 0.5)
        & (anterior > w.anterior - 0.5)
        & (anterior < w.anterior + width - 0.5)
        for w in windows
    ]
    return np.any(inside, axis=0)


def test_windows_follow_the_curve(draw):
    classes = draw(lordosis_mm=45.0).classes
    windows = windows_along(points_of(classes), classes.grid, FINE)

    anteriors = [window.anterior for window in windows]
    # The curve swings by 90 mm, 100 pixels, most of it within a window's height.
    assert max(anteriors) - min(anteriors) > 30


def test_positions_are_those_of_the_voxels_in_the_world(draw):
    classes = draw(affine_rotation_degrees=6.0).classes
    data = np.zeros((16, 192, 400), np.uint8)
    data[5, 90, 260] = TissueClass.DISC
    window = LabelMap(data, COARSE.grid(classes.grid).affine)

    (found,) = region_points(window, classes.grid, FINE)

    place, superior, anterior = found
    world = window.grid.world_from_index(np.array([5, 90, 260]))
    stack = fine_grid(classes.grid, FINE)
    np.testing.assert_allclose(
        stack.world_from_index(np.array([place, anterior, superior])), world, atol=1e-3
    )


def test_ribs_and_what_lies_outside_the_image_are_no_place_to_look():
    grid = Grid((10, 100, 100), np.diag([3.0, 1.8, 1.8, 1.0]))
    data = np.zeros((16, 192, 400), np.uint8)
    data[8, 96, 200] = TissueClass.RIB
    data[8, 10, 200] = TissueClass.LUMBAR

    window = LabelMap(data, COARSE.grid(grid).affine)

    assert len(region_points(window, grid, FINE)) == 0


def test_slices_far_to_the_side_of_the_spine_have_no_window():
    grid = Grid((30, 200, 400), np.diag([3.0, 1.2, 1.0, 1.0]))
    columns = np.linspace(10, 390, 60)
    points = np.array([(place, row, 100.0) for row in columns for place in (11.0, 14.0)])

    windows = windows_along(points, grid, FINE)

    assert {place for window in windows for place in window.slices} == set(range(9, 17))


def test_only_slices_that_are_wide_get_a_second_window():
    grid = Grid((20, 200, 200), np.diag([4.0, 1.8, 1.8, 1.0]))
    narrow = [(float(place), 100.0, front) for place in range(20) for front in (150.0, 200.0)]
    wide = [(10.0, 100.0, front) for front in np.linspace(100, 260, 40)]

    windows = windows_along(np.array(narrow + wide), grid, FINE)

    assert len(windows) == 2
    every, some = sorted((window.slices for window in windows), key=len, reverse=True)
    assert every == tuple(range(20))
    assert some == (9, 10, 11)


@pytest.mark.parametrize("shape", [(3, 384, 793), (3, 128, 256), (2, 130, 300), (2, 50, 60)])
def test_everywhere_leaves_no_pixel_out_and_stays_inside(shape):
    grid = Grid(shape, np.diag([3.3, 0.9, 0.9, 1.0]))
    slices, anteriors, superiors = fine_grid(grid, FINE).shape
    covered = np.zeros((superiors, anteriors), bool)

    for window in windows_everywhere(grid, FINE):
        assert window.slices == tuple(range(slices))
        assert 0 <= window.superior <= superiors - 256
        assert 0 <= window.anterior <= anteriors - 128
        covered[window.superior : window.superior + 256, window.anterior :][:, :128] = True

    assert covered.all()


def test_neighbors_share_at_least_the_overlap():
    grid = Grid((1, 384, 793), np.diag([3.3, 0.9, 0.9, 1.0]))

    starts = sorted({window.superior for window in windows_everywhere(grid, FINE)})

    # 793 = 256 + 3 * 179: three steps of 224 are the most that leave 32 pixels.
    assert starts == [0, 179, 358, 537]


def test_windows_reach_to_the_ends_where_no_more_of_them_are_needed():
    """The coarse net may miss a vertebra that is half in view."""
    grid = Grid((3, 140, 334), np.diag([3.0, 0.9, 0.9, 1.0]))
    superior = np.arange(30.0, 300.0)
    points = np.stack([np.ones_like(superior), superior, np.full_like(superior, 70.0)], axis=1)

    windows = windows_along(points, grid, FINE)

    assert {window.superior for window in windows} == {0, 334 - 256}
