import numpy as np
import pytest

from spine.anatomy.geometry import DiscFrame
from spine.anatomy.grades import Scale
from spine.errors import Code, OutOfFieldError
from spine.imaging.volume import Volume
from spine.preprocessing.disc import DiscSpec, disc_grid, disc_input

SPEC = DiscSpec(Scale.PFIRRMANN)
WIDTH_MM = 30.0


def volume(marks=(), shape=(15, 90, 100), spacing=(4.0, 1.0, 0.9)):
    data = np.random.default_rng(0).normal(0, 0.01, size=shape).astype(np.float32)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (-28, -45, -45)
    found = Volume(data, affine)
    for mark in marks:
        i, j, k = np.rint(found.grid.index_from_world(np.array(mark))).astype(int)
        data[i, j - 1 : j + 2, k - 1 : k + 2] = 1
    return found


def frame(center=(0.0, 0.0, 0.0), degrees=0.0):
    """Tilt about the lateral axis: positive lifts the anterior edge."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return DiscFrame(center, (1.0, 0.0, 0.0), (0.0, c, s), (0.0, -s, c))


def test_region_is_one_and_a_half_by_two_widths():
    grid = disc_grid(frame(), WIDTH_MM, SPEC)

    assert grid.shape == (9, 96, 128)
    np.testing.assert_allclose(
        np.array(grid.shape) * grid.spacing_mm, (36.0, 1.5 * WIDTH_MM, 2 * WIDTH_MM)
    )
    np.testing.assert_allclose(grid.world_from_index(np.array([4, 47.5, 63.5])), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("mark", "where"),
    [
        ((-12, 0, 0), "left: early slices"),
        ((0, 20, 0), "anterior: early columns"),
        ((0, 0, 15), "superior: early rows"),
    ],
)
def test_left_superior_and_anterior_come_first(mark, where):
    region = disc_input(volume([mark]), frame(), WIDTH_MM, SPEC)

    peak = np.unravel_index(region.argmax(), region.shape)
    expected = (
        4 + mark[0] / 4.0,
        47.5 - mark[2] * 96 / (1.5 * WIDTH_MM),
        63.5 - mark[1] * 128 / (2 * WIDTH_MM),
    )
    np.testing.assert_allclose(peak, expected, atol=3)


def test_region_follows_the_tilt_of_the_disc():
    tilt = frame(degrees=25.0)
    mark = 20 * np.array(tilt.anterior)

    region = disc_input(volume([mark]), tilt, WIDTH_MM, SPEC)

    _, row, column = np.unravel_index(region.argmax(), region.shape)
    assert abs(row - 47.5) <= 3
    assert abs(column - (63.5 - 20 * 128 / 60)) <= 3


def test_values_are_standardized_over_the_part_inside():
    region = disc_input(volume(), frame((0, -25, 0)), WIDTH_MM, SPEC)

    outside = region == 0
    assert 0.05 < outside.mean() < 0.25
    assert region[~outside].mean() == pytest.approx(0, abs=1e-4)
    assert region[~outside].std() == pytest.approx(1, abs=1e-3)
    assert region.dtype == np.float32


def test_region_far_outside_is_refused_by_code():
    with pytest.raises(OutOfFieldError) as caught:
        disc_input(volume(), frame((0, 0, -40)), WIDTH_MM, SPEC)

    assert caught.value.code is Code.DISC_OUT_OF_FIELD


def test_region_beyond_any_overlap_is_refused_too():
    with pytest.raises(OutOfFieldError):
        disc_input(volume(), frame((0, 0, -4000)), WIDTH_MM, SPEC)


def test_constant_region_stays_finite():
    flat = volume()
    flat.data[:] = 3

    assert (disc_input(flat, frame(), WIDTH_MM, SPEC) == 0).all()
