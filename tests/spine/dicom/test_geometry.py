import itertools

import numpy as np
import pytest

from spine.dicom.geometry import (
    affine_from_plane,
    nearest_frame,
    pixel_from_world,
    planes_from_labels,
    scoord_from_world,
)
from spine.dicom.study import FramePlane
from spine.errors import Code, GeometryError
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap
from tests.spine.dicom.pixels import world_from_pixel

SPACING = (0.7, 1.3)


def rotation(about_x, about_y, about_z):
    result = np.eye(3)
    for axis, angle in enumerate(np.deg2rad([about_x, about_y, about_z])):
        one = np.eye(3)
        u, v = [a for a in range(3) if a != axis]
        one[u, u] = one[v, v] = np.cos(angle)
        one[u, v], one[v, u] = -np.sin(angle), np.sin(angle)
        result = one @ result
    return result


def stack(axes, n=3, rows=5, columns=4, step=4.0):
    """Frames whose row, column and stacking directions are the given LPS axes."""
    row, column, along = axes
    return [
        FramePlane(
            "1.2",
            f"1.2.{index}",
            None,
            affine_from_plane(
                [*row, *column], np.array([3.0, -7, 11]) + along * step * index, SPACING
            ),
            rows,
            columns,
        )
        for index in range(n)
    ]


def label_map(frames, planes, step=4.0):
    """The labels that a volume of these frames would carry, (slice, row, column) first."""
    affine = np.eye(4)
    affine[:3, 0] = frames[1].affine[:3, 3] - frames[0].affine[:3, 3]
    affine[:3, 1] = frames[0].affine[:3, 1]
    affine[:3, 2] = frames[0].affine[:3, 0]
    affine[:3, 3] = frames[0].affine[:3, 3]
    return canonical(LabelMap(planes, affine))


ORIENTATIONS = [
    tuple(sign[i] * np.eye(3)[order[i]] for i in range(3))
    for order in itertools.permutations(range(3))
    for sign in itertools.product((1.0, -1.0), repeat=3)
]


@pytest.mark.parametrize("tilt", [(0, 0, 0), (7, -13, 9)])
def test_every_label_returns_to_its_pixel_in_all_orientations(tilt):
    planes = np.random.default_rng(1).integers(0, 250, (3, 5, 4)).astype(np.uint8)
    for axes in ORIENTATIONS:
        frames = stack([rotation(*tilt) @ axis for axis in axes])
        labels = label_map(frames, planes)
        assert np.array_equal(planes_from_labels(labels, frames), planes)


def test_labels_follow_the_order_of_the_frames_asked_for():
    planes = np.random.default_rng(2).integers(0, 250, (3, 5, 4)).astype(np.uint8)
    frames = stack([rotation(5, 10, 15) @ axis for axis in np.eye(3)])
    labels = label_map(frames, planes)

    reordered = planes_from_labels(labels, [frames[2], frames[0]])

    assert np.array_equal(reordered, planes[[2, 0]])


def test_frame_off_the_grid_is_refused():
    frames = stack(list(np.eye(3)))
    labels = label_map(frames, np.zeros((3, 5, 4), np.uint8))
    for moved in (stack(list(np.eye(3)), step=5.9)[1], stack(list(np.eye(3)), n=5)[4]):
        with pytest.raises(GeometryError) as caught:
            planes_from_labels(labels, [moved])
        assert caught.value.code is Code.MIXED_GEOMETRY


def test_affine_agrees_with_the_equation_of_the_standard():
    # PS3.3 equation C.7.6.2.1-1, written out: P = S + X * dj * column + Y * di * row.
    x, y, s = np.array([0.8, 0.6, 0]), np.array([0, 0, -1.0]), np.array([-20.0, 15, 40])
    affine = affine_from_plane([*x, *y], s, [0.7, 1.3])

    lps = s + x * 1.3 * 4 + y * 0.7 * 9

    assert np.allclose(affine @ [4, 9, 0, 1], [-lps[0], -lps[1], lps[2], 1])


def test_world_and_pixel_are_inverse_and_scoord_counts_from_the_corner():
    frame = stack([rotation(7, -13, 9) @ axis for axis in np.eye(3)])[1]
    world = world_from_pixel(frame, 2.25, 3.5)
    off_plane = world + frame.affine[:3, 2] * 1.7

    assert pixel_from_world(frame, off_plane) == pytest.approx((2.25, 3.5))
    assert scoord_from_world(frame, off_plane) == pytest.approx((2.75, 4.0))


def test_nearest_frame_is_by_distance_to_the_plane():
    frames = stack([rotation(0, 20, 0) @ axis for axis in np.eye(3)], n=4)
    world = world_from_pixel(frames[2], 30, -20) + frames[2].affine[:3, 2] * 1.5

    assert nearest_frame(frames, world) is frames[2]
