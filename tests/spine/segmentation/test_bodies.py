import numpy as np
import pytest

from spine.segmentation.bodies import BodyPiece, _without_debris

ROWS = 400


def _piece(row, size, height_mm=27.0):
    """Return a body of so many voxels, all in one row, one millimeter a voxel."""
    voxels = np.stack([np.zeros(size), np.arange(size), np.full(size, row)], axis=1).astype(int)
    return BodyPiece(voxels, np.array([0.0, 0.0, float(row)]), height_mm, (0.0, 0.0, 1.0), 0)


COLUMN = [_piece(row, 2500) for row in (300, 265, 230)]


@pytest.mark.parametrize(
    ("debris", "what"),
    [
        ([_piece(195, 400)], "small and wholly in view"),
        ([_piece(195, 400), _piece(160, 400)], "small beside its like"),
        ([_piece(100, 400), _piece(0, 400)], "on the edge, but far from the column"),
    ],
)
def test_debris_is_left_out(debris, what):
    assert _without_debris([*COLUMN, *debris], ROWS) == COLUMN, what


def test_a_sliver_of_the_next_vertebra_on_the_edge_stays():
    column = [_piece(row, 2500) for row in (90, 60, 30)]
    sliver = _piece(0, 300)
    assert _without_debris([*column, sliver], ROWS) == [*column, sliver]


def test_a_body_half_as_large_stays():
    wedged = _piece(195, 1250)
    assert _without_debris([*COLUMN, wedged], ROWS) == [*COLUMN, wedged]
