import numpy as np
import pytest
import torch

from spine.age.cells import (
    Box,
    cell_mm,
    share_above_c2,
    share_outside_spine,
    volume_from_cells,
)
from spine.anatomy.labels import VERTEBRA_LABELS
from spine.anatomy.levels import Level
from spine.imaging.resampling import centered_grid
from spine.imaging.volume import Grid, LabelMap, Volume
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec, age_input

# Three cells along anterior, four along superior, a remainder of 12 and 25 voxels.
SPEC = AgeSpec(spacing_mm=(3.0, 1.5, 1.8), shape=(14, 108, 153))


def oblique_grid(shape=(9, 120, 140), spacing=(4.4, 1.3, 1.9)):
    turn = np.deg2rad(11)
    rotation = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag(spacing)
    affine[:3, 3] = (13.0, -41.0, -77.0)
    return Grid(shape, affine)


def world_of_cell(grid, anterior, superior):
    """The middle of the voxels that a cell covers, by counting them."""
    box = centered_grid(grid, SPEC.shape, SPEC.spacing_mm)
    middle = [np.mean(range(32 * cell, 32 * cell + 32)) for cell in (anterior, superior)]
    return box.world_from_index(np.array([6.5, *middle]))


@pytest.mark.parametrize("cell", [(0, 0), (2, 1), (1, 3), (2, 3)])
def test_a_cell_is_brightest_at_the_world_point_of_its_middle(cell):
    grid = oblique_grid()
    cells = np.zeros((3, 4, 1))
    cells[*cell, 0] = 1

    found = volume_from_cells(cells, SPEC, grid)

    world = world_of_cell(grid, *cell)
    _, j, k = grid.index_from_world(world)
    peak = found.data[4, round(j), round(k)]
    # Within half a voxel of the center, a linear slope over 32 voxels has lost little.
    assert peak > 0.95
    np.testing.assert_allclose(found.affine, grid.affine)
    assert found.data.max() == pytest.approx(1, abs=0.06)


def test_values_between_cells_are_linear_from_center_to_center():
    grid = centered_grid(oblique_grid(), SPEC.shape, SPEC.spacing_mm)
    along_superior = np.tile(np.arange(4.0), (3, 1))[..., None]
    along_anterior = np.tile(np.arange(3.0)[:, None], (1, 4))[..., None]

    superior = volume_from_cells(along_superior, SPEC, grid).data[6, 50]
    anterior = volume_from_cells(along_anterior, SPEC, grid).data[6, :, 50]

    # Cells of 32 voxels, the first one's center at 15.5; the outermost hold beyond theirs.
    np.testing.assert_allclose(superior, np.clip((np.arange(153) - 15.5) / 32, 0, 3), atol=1e-5)
    np.testing.assert_allclose(anterior, np.clip((np.arange(108) - 15.5) / 32, 0, 2), atol=1e-5)


def test_map_is_zero_outside_the_box_and_keeps_its_edge_inside():
    grid = oblique_grid(shape=(9, 160, 140))
    cells = np.ones((3, 4, 1))

    found = volume_from_cells(cells, SPEC, grid).data

    # 108 voxels of 1.5 mm are 162 mm, of the 208 mm of the volume.
    inside = np.abs((np.arange(160) - 79.5) * 1.3) < 81
    assert (found[4, inside, 70] == 1).all()
    assert (found[4, ~inside, 70] == 0).all()
    assert (found[4, 80] == 1).all()


@pytest.mark.parametrize("place", [(36, 40), (60, 92), (50, 67)])
def test_a_planted_blob_comes_back_where_it_was(place):
    """All the way: a volume, the network's input, its poolings, and back."""
    grid = oblique_grid()
    _, j, k = grid.index_from_world(
        centered_grid(grid, SPEC.shape, SPEC.spacing_mm).world_from_index(np.array([6.5, *place]))
    )
    data = np.zeros(grid.shape, dtype=np.float32)
    data[:, round(j) - 1 : round(j) + 2, round(k) - 1 : round(k) + 2] = 1
    labels = np.ones(grid.shape, dtype=np.uint8)
    spine = age_input(Volume(data + 1, grid.affine), LabelMap(labels, grid.affine), SPEC)
    pools = [block[3] for block in AgeDCNN(channels=(1,) * 5, top=1).blocks]
    pooled = torch.nn.Sequential(*pools)(torch.from_numpy(spine[None]))[0, 0].numpy() - spine.min()
    cells = np.where(pooled == pooled.max(), 1.0, 0.0)

    found = volume_from_cells(cells, SPEC, grid)

    peak = np.argwhere(found.data[4] == found.data[4].max()).mean(axis=0)
    off_mm = np.abs(peak - (j, k)) * grid.spacing_mm[1:]
    assert cells.sum() == 1
    # The blob lies in the brightest cell: at most half a cell away, and a voxel of the volume.
    assert (off_mm <= np.array(cell_mm(SPEC)) / 2 + grid.spacing_mm[1:]).all()


def test_cells_along_right_are_placed_as_well():
    spec = AgeSpec(spacing_mm=(2.0, 3.0, 3.0), shape=(18, 64, 96))
    grid = centered_grid(oblique_grid(), spec.shape, spec.spacing_mm)
    cells = np.zeros((2, 3, 2))
    cells[..., 1] = 1

    found = volume_from_cells(cells, spec, grid).data[:, 30, 50]

    # Centers at 3.5 and 11.5; the last two voxels are the remainder.
    wanted = np.clip((np.arange(18) - 3.5) / 8, 0, 1)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_map_of_another_box_is_refused():
    with pytest.raises(ValueError, match="is not that of a box"):
        volume_from_cells(np.ones((4, 4, 1)), SPEC, oblique_grid())


def seen(shown):
    """A box of that input; its labels are not asked."""
    labels = LabelMap(np.zeros((2, 2, 2), dtype=np.uint8), np.eye(4))
    return Box(shown[None].astype(np.float32), labels, SPEC)


def test_share_outside_counts_the_part_of_each_cell_without_spine():
    shown = np.zeros((108, 153, 14))
    # A quarter of cell (1, 2), on one slice only; the cells' remainder does not count.
    shown[32:40, 64:96, 3] = 1
    shown[:, 130:, :] = 1
    heat = np.zeros((3, 4, 1))
    heat[1, 2, 0], heat[2, 0, 0] = 3.0, 1.0

    assert share_outside_spine(heat, seen(shown)) == pytest.approx((3 * 0.75 + 1) / 4)


def test_without_heat_there_is_no_share():
    assert share_outside_spine(np.zeros((3, 4, 1)), seen(np.ones((108, 153, 14)))) is None


def test_share_above_c2_is_measured_from_its_upper_end_in_millimeters():
    grid = oblique_grid()
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[4, 50:60, 90:100] = VERTEBRA_LABELS[Level.C2]
    spec = SPEC
    box = Box(np.zeros((1, 108, 153, 14), np.float32), LabelMap(labels, grid.affine), spec)
    heat = np.zeros((3, 4, 1))
    heat[:, 2, 0], heat[0, 3, 0], heat[1, 0, 0] = 1.0, 2.0, 5.0

    # C2 ends 99.5 - 69.5 = 30 voxels of 1.9 mm above the common center, at voxel
    # 76 + 57 / 1.8 = 107.667 of the box: above cell 2, which ends at 95.5, and within cell 3.
    above = (127.5 - 107.6667) / 32
    assert share_above_c2(heat, box) == pytest.approx(2 * above / 10, abs=1e-4)


def test_share_above_c2_is_unknown_where_c2_is():
    box = Box(
        np.zeros((1, 108, 153, 14), np.float32),
        LabelMap(np.full((4, 5, 6), 44, dtype=np.uint8), np.eye(4)),
        SPEC,
    )

    assert share_above_c2(np.ones((3, 4, 1)), box) is None


def test_a_cell_of_the_published_box_is_29_mm():
    assert cell_mm(AgeSpec()) == pytest.approx((28.8, 28.8))
