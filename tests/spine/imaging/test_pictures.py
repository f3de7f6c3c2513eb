import numpy as np
import pytest

from spine.imaging.pictures import SagittalView, draw_slice, fit_view, lay_over, tint
from spine.imaging.volume import Grid, LabelMap, Volume

SHAPE = (3, 20, 40)
RED = (255, 0, 0)


def tilted_affine() -> np.ndarray:
    turn = np.deg2rad(10)
    affine = np.eye(4)
    affine[:3, :3] = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    ) @ np.diag([4.0, 1.0, 2.0])
    affine[:3, 3] = (-5, 7, 11)
    return affine


@pytest.fixture
def grid() -> Grid:
    return Grid(SHAPE, tilted_affine())


def view_of(grid: Grid, pixels_per_mm: float = 4.0) -> SagittalView:
    return SagittalView(grid, 1, (0, SHAPE[1]), (0, SHAPE[2]), pixels_per_mm)


def test_proportions_follow_the_spacing(grid):
    # 20 voxels of 1 mm by 40 voxels of 2 mm, 4 pixels a mm.
    assert view_of(grid).size == (80, 320)


def test_anterior_is_left_and_superior_is_up(grid):
    view = view_of(grid)
    front_top = grid.world_from_index(np.array([1, SHAPE[1] - 1, SHAPE[2] - 1]))
    back_bottom = grid.world_from_index(np.array([1, 0, 0]))
    assert view.pixel_from_world(front_top) == pytest.approx((2.0, 4.0))
    assert view.pixel_from_world(back_bottom) == pytest.approx((78.0, 316.0))


def test_a_bright_voxel_is_drawn_where_its_world_point_maps_to(grid):
    data = np.zeros(SHAPE, dtype=np.float32)
    data[1, 12:15, 30:33] = 100.0
    view = view_of(grid)
    picture = draw_slice(Volume(data, grid.affine), None, view, {})
    rows, columns = np.nonzero(picture[..., 0] > 128)
    drawn = columns.mean() + 0.5, rows.mean() + 0.5
    expected = view.pixel_from_world(grid.world_from_index(np.array([1, 13, 31])))
    assert drawn == pytest.approx(expected, abs=0.6)


def test_only_the_chosen_slice_is_drawn(grid):
    data = np.zeros(SHAPE, dtype=np.float32)
    data[0], data[2] = 100.0, 100.0
    picture = draw_slice(Volume(data, grid.affine), None, view_of(grid), {})
    assert picture.max() == 0


def test_outlines_enclose_their_structure_and_leave_it_visible(grid):
    data = np.full(SHAPE, 10.0, dtype=np.float32)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1, 8:14, 15:25] = 45
    labels[1, 2:5, 2:5] = 46
    view = view_of(grid)
    picture = draw_slice(Volume(data, grid.affine), LabelMap(labels, grid.affine), view, {45: RED})
    rows, columns = np.nonzero((picture == RED).all(axis=2))
    left, top = view.pixel_from_world(grid.world_from_index(np.array([1, 13.5, 24.5])))
    right, bottom = view.pixel_from_world(grid.world_from_index(np.array([1, 7.5, 14.5])))
    assert columns.min() == pytest.approx(left, abs=2)
    assert columns.max() == pytest.approx(right, abs=2)
    assert rows.min() == pytest.approx(top, abs=2)
    assert rows.max() == pytest.approx(bottom, abs=2)
    inside = picture[round((top + bottom) / 2), round((left + right) / 2)]
    assert len(set(inside)) == 1


def test_a_fitted_view_fills_the_room_without_leaving_it(grid):
    view = fit_view(grid, 1, ((5, 15), (10, 30)), (100, 120))
    width, height = view.size
    assert (width, height) == (30, 120)


def test_constant_pixels_can_be_drawn(grid):
    data = np.full(SHAPE, 7.0, dtype=np.float32)
    assert draw_slice(Volume(data, grid.affine), None, view_of(grid), {}).shape == (320, 80, 3)


TWO_COLORS = np.array([(200, 0, 0), (0, 200, 0)], dtype=np.uint8)


def test_a_map_is_laid_where_its_world_point_is_and_nowhere_else(grid):
    heat = np.zeros(SHAPE, dtype=np.float32)
    heat[1, 12:15, 30:33] = 1.0
    view = view_of(grid)
    slice_ = draw_slice(Volume(np.zeros(SHAPE, dtype=np.float32), grid.affine), None, view, {})
    picture = lay_over(slice_, Volume(heat, grid.affine), view, TWO_COLORS)
    rows, columns = np.nonzero(picture[..., 1] > 90)
    drawn = columns.mean() + 0.5, rows.mean() + 0.5
    expected = view.pixel_from_world(grid.world_from_index(np.array([1, 13, 31])))
    assert drawn == pytest.approx(expected, abs=0.6)
    far = np.hypot(*(np.indices(picture.shape[:2]) - np.array(expected)[::-1, None, None])) > 30
    assert (picture[far] == slice_[far]).all()


def test_anatomy_is_seen_through_the_brightest_place_of_a_map():
    gray = np.repeat(np.uint8([[[60], [160]]]), 3, axis=2)
    picture = tint(gray, np.ones((1, 2), dtype=np.float32), TWO_COLORS)
    # 0.55 of the color and 0.45 of the gray.
    assert picture[0].tolist() == [[27, 137, 27], [72, 182, 72]]


def test_colors_run_evenly_from_0_to_1_and_fade_out_below_a_fifth():
    gray = np.full((1, 3, 3), 100, dtype=np.uint8)
    picture = tint(gray, np.float32([[0, 0.1, 0.5]]), TWO_COLORS)
    assert picture[0, 0].tolist() == [100, 100, 100]
    # 0.275 of (180, 20, 0); 0.55 of (100, 100, 0).
    assert picture[0, 1].tolist() == pytest.approx([122, 78, 72], abs=1)
    assert picture[0, 2].tolist() == pytest.approx([100, 100, 45], abs=1)
