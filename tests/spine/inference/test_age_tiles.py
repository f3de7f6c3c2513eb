import numpy as np
import pytest

from spine.inference.age_tiles import Tiling, touched_after_block


def test_a_pixel_touches_the_cells_that_see_it():
    """Cell i pools rows 2i and 2i + 1, whose kernels see rows 2i - 1 to 2i + 2."""
    touched = np.zeros((10, 9), np.bool_)
    touched[4, 7] = True

    found = touched_after_block(touched)

    # 2i - 1 <= 4 <= 2i + 2: 1 and 2; 2j - 1 <= 7 <= 2j + 2: 3 and 4, of which an odd side of
    # nine pixels leaves 3.
    assert found.shape == (5, 4)
    assert np.argwhere(found).tolist() == [[1, 3], [2, 3]]


def test_a_pixel_that_pooling_throws_away_still_touches_its_neighbor():
    touched = np.zeros((8, 9), np.bool_)
    touched[0, 8] = True

    assert np.argwhere(touched_after_block(touched)).tolist() == [[0, 3]]


def test_tiles_start_where_the_mask_does():
    touched = np.zeros((40, 24), np.bool_)
    touched[5, 1] = touched[12, 7] = touched[13, 0] = True
    touched[36, 8] = True

    # Tiles of 8 x 8: rows 5 to 12 and 13 to 20 of the first band; the last is shifted into the
    # plane, and the third band is empty.
    assert list(Tiling(2, (160, 96)).cover(touched)) == [(5, 0), (13, 0), (32, 8)]


def test_nothing_touched_needs_no_tile():
    assert list(Tiling(1, (40, 40)).cover(np.zeros((20, 20), np.bool_))) == []


@pytest.mark.parametrize("plane", [(12, 20), (33, 67), (41, 99), (160, 96)])
@pytest.mark.parametrize("blocks", [1, 2])
def test_tiles_hold_every_touched_cell_and_lie_in_the_plane(plane, blocks):
    tiling = Tiling(blocks, plane)
    touched = np.random.default_rng(0).random(tiling.cells) < 0.05
    held = np.zeros_like(touched)

    for corner in tiling.cover(touched):
        for axis, part in enumerate(tiling.target(corner)):
            assert 0 <= part.start < part.stop <= tiling.cells[axis]
        held[tiling.target(corner)] = True

    assert (held | ~touched).all()


def test_a_tile_reads_three_pixels_around_its_own_for_two_blocks():
    tiling = Tiling(2, (64, 99))

    assert tiling.cells == (16, 24)
    assert tiling.tile_input == (38, 38)
    # Cells 2 to 9 own pixels 8 to 39; the padded plane begins three before the plane.
    assert tiling.source((2, 0)) == (slice(8, 46), slice(0, 38))


def test_between_the_blocks_a_tile_sees_zeros_beyond_the_volume():
    tiling = Tiling(2, (64, 99))

    (inside,) = tiling.inside((8, 0))

    # The first block's rows 15 to 32 of 32, and columns -1 to 16 of 49.
    assert inside.shape == (1, 1, 1, 18, 18)
    assert inside[0, 0, 0, :, 5].tolist() == [1] * 17 + [0]
    assert inside[0, 0, 0, 5].tolist() == [0] + [1] * 17
    assert Tiling(1, (64, 99)).inside((0, 0)) == []
