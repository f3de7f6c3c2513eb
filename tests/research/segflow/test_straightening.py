import numpy as np

from research.segflow.canal import CanalPath
from research.segflow.images import PIXEL_MM, WorkImage
from research.segflow.straightening import canal_line, smooth_path, straighten
from spine.imaging.volume import Grid


def test_smooth_path_prefers_steady_gain_to_a_jump():
    gain = np.zeros((4, 5))
    gain[:, 1] = 1.0
    gain[2, 4] = 1.5

    # The brighter column is three columns away: a path moves one column a row.
    assert smooth_path(gain, stiffness=0.1).tolist() == [1, 1, 1, 1]


def test_smooth_path_follows_a_slope():
    assert smooth_path(np.eye(4), stiffness=0.1).tolist() == [0, 1, 2, 3]


def test_straight_canal_stays_where_it_is():
    rows = np.arange(90, 4, -1)
    path = CanalPath(np.stack([np.full(86, 2), np.full(86, 40), rows], axis=1).astype(float), 1.0)

    line = canal_line(path, 100)

    assert np.allclose(line.points_mm[:, 0], 40 * PIXEL_MM)
    assert np.allclose(np.diff(line.points_mm[:, 1]), 1.0)
    assert np.allclose(line.forward, [1, 0])
    # From the lowest point of the path to the top row.
    assert line.points_mm[0, 1] == 5 * PIXEL_MM
    assert abs(line.points_mm[-1, 1] - 99 * PIXEL_MM) <= 1.0


def test_what_lies_straight_finds_its_way_back():
    data = np.zeros((3, 120, 100), dtype=np.float32)
    data[:, 40:50] = 4.0  # the canal
    data[:, 52:86] = 1.0  # the bodies, 2 mm of dark wall before them
    grid = Grid(data.shape, np.diag([3.0, PIXEL_MM, PIXEL_MM, 1.0]))
    rows = np.arange(95, 4, -1)
    path = CanalPath(np.stack([np.full(91, 1), np.full(91, 45), rows], axis=1).astype(float), 1.0)

    straight = straighten(WorkImage(data, grid, grid), path)

    # Most of the fall is at the canal's front edge, between pixels 49 and 50.
    wall = np.flatnonzero(np.abs(straight.t_mm[:, 50]) < 0.6)
    assert set(wall) <= {48, 49, 50, 51}
    back = straight.on_grid(straight.data > 2)
    assert (back[1, 42:48, 20:80]).all()
    assert not back[1, 54:80, 20:80].any()
