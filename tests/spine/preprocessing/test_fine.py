import numpy as np
import pytest

from spine.anatomy.labels import FineClass, TissueClass, fine_from_tissue
from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.fine import (
    FineSpec,
    fine_classes_from_scores,
    fine_grid,
    stack_from_labels,
    stack_from_volume,
    with_neighbors,
)
from tests.spine.preprocessing.oblique import affine, noise

SPEC = FineSpec(pixel_mm=1.2, shape=(16, 24), neighbor_mm=3.0, overlap=4)


def test_axes_are_slices_superior_anterior():
    volume = Volume(noise(), affine())

    grid = fine_grid(volume.grid, SPEC)

    # 30 pixels of 1.1 mm are 27.5 of 1.2; 48 of 0.9 are 36.
    assert grid.shape == (5, 28, 36)
    assert stack_from_volume(volume, SPEC).shape == (5, 36, 28)
    assert SPEC.network_shape == (3, 24, 16)


def test_slices_stay_where_they_are_around_the_same_center():
    volume = Volume(noise(), affine())
    grid = fine_grid(volume.grid, SPEC)

    np.testing.assert_allclose(grid.spacing_mm, (3.3, 1.2, 1.2))
    centers = [(np.array(g.shape) - 1) / 2 for g in (grid, volume.grid)]
    np.testing.assert_allclose(
        grid.world_from_index(centers[0]), volume.grid.world_from_index(centers[1]), atol=1e-9
    )


def test_bright_pixel_arrives_at_its_world_position():
    data = np.zeros((5, 30, 48), dtype=np.float32)
    data[1, 22, 10] = 1
    volume = Volume(data, affine())

    stack = stack_from_volume(volume, SPEC)

    right, superior, anterior = np.unravel_index(stack.argmax(), stack.shape)
    world = fine_grid(volume.grid, SPEC).world_from_index(np.array([right, anterior, superior]))
    true = volume.grid.world_from_index(np.array([1, 22, 10]))
    assert np.linalg.norm(world - true) < 0.85


def test_normalization_is_that_of_the_whole_image():
    volume = Volume(noise(), affine((3.3, 1.2, 1.2)))

    stack = stack_from_volume(volume, SPEC)

    whole = (volume.data - volume.data.mean()) / volume.data.std()
    np.testing.assert_allclose(stack, whole.transpose(0, 2, 1), atol=1e-4)


def test_an_image_smaller_than_a_window_is_padded_with_its_darkest_value():
    volume = Volume(noise((5, 10, 48)), affine((3.3, 1.2, 0.9)))

    stack = stack_from_volume(volume, SPEC)

    assert stack.shape == (5, 36, 16)
    darkest = (volume.data.min() - volume.data.mean()) / volume.data.std()
    np.testing.assert_allclose(stack[:, :, [0, 1, 2, 13, 14, 15]], darkest, atol=1e-5)
    assert (stack[:, :, 3:13] > darkest + 0.1).mean() > 0.9


def test_constant_image_stays_finite():
    volume = Volume(np.full((5, 30, 48), 7, dtype=np.float32), affine())

    assert np.isfinite(stack_from_volume(volume, SPEC)).all()


def test_targets_lie_where_the_pixels_of_the_stack_lie():
    classes = blocks()
    image = Volume(np.where(classes.data > 0, 100, 0).astype(np.float32), classes.affine)

    stack, target = stack_from_volume(image, SPEC), stack_from_labels(classes, SPEC)

    assert target.shape == stack.shape
    middle = (stack.max() + stack.min()) / 2
    # Only where the nearest pixel and the mean of two disagree, along the edges.
    assert ((stack > middle) == (target > 0)).mean() > 0.99


def test_neighbors_are_three_mm_away_whatever_the_slice_spacing():
    """A picture that grows by 1 a millimeter to the right."""
    for spacing in (0.9, 2.0, 3.3, 5.0):
        places = np.arange(12) * spacing
        stack = np.broadcast_to(places[:, None, None], (12, 4, 3)).astype(np.float32)

        inputs = with_neighbors(stack, spacing, SPEC)

        assert inputs.shape == (12, 3, 4, 3)
        np.testing.assert_allclose(
            inputs[5, :, 0, 0], [places[5] - 3, places[5], places[5] + 3], rtol=1e-6
        )


def test_beyond_the_first_and_last_slice_the_edge_slice_stands():
    stack = noise((4, 3, 2))

    inputs = with_neighbors(stack, 2.0, SPEC)

    np.testing.assert_array_equal(inputs[0, 0], stack[0])
    np.testing.assert_array_equal(inputs[3, 2], stack[3])


def test_a_part_of_the_slices_and_of_the_plane_is_the_part_of_the_whole():
    stack = noise((6, 9, 8))

    whole = with_neighbors(stack, 3.3, SPEC)
    part = with_neighbors(stack[:, 2:7, 1:5], 3.3, SPEC, slices=(4, 1))

    np.testing.assert_array_equal(part, whole[[4, 1], :, 2:7, 1:5])


def blocks():
    classes = np.zeros((5, 30, 48), dtype=np.uint8)
    classes[:, 8:16, 6:20] = TissueClass.LUMBAR
    classes[:3, 16:24, 20:40] = TissueClass.CSF
    return LabelMap(classes, affine())


def one_hot(classes, spec):
    """Scores of a network that is right, shape (slices, superior, anterior, classes)."""
    target = fine_from_tissue(stack_from_labels(classes, spec))
    return np.eye(7, dtype=np.float32)[target]


@pytest.mark.parametrize("pixel_mm", [0.9, 1.2])
def test_scores_come_back_to_the_pixels_they_were_cut_from(pixel_mm):
    classes = blocks()
    spec = FineSpec(pixel_mm, (16, 24), overlap=4)
    scores = one_hot(classes, spec).transpose(0, 3, 1, 2)

    found = np.stack(
        [fine_classes_from_scores(part, (0, 0), spec, classes.grid) for part in scores]
    )

    for value, tissue in ((FineClass.VERTEBRA, TissueClass.LUMBAR), (FineClass.CSF,) * 2):
        true = classes.data == (TissueClass.CSF if value is tissue else tissue)
        assert 2 * ((found == value) & true).sum() / ((found == value).sum() + true.sum()) > 0.95


def test_a_part_of_the_slice_comes_back_to_its_own_place():
    classes = LabelMap(blocks().data, affine((3.3, 1.2, 1.2)))
    scores = one_hot(classes, SPEC)[0].transpose(2, 0, 1)

    found = fine_classes_from_scores(scores[:, 5:30, 4:20], (5, 4), SPEC, classes.grid)

    whole = fine_classes_from_scores(scores, (0, 0), SPEC, classes.grid)
    np.testing.assert_array_equal(found[4:20, 5:30], whole[4:20, 5:30])
    assert found.sum() == found[4:20, 5:30].sum()


def test_windows_that_overlap_by_half_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        FineSpec(shape=(128, 256), overlap=64)
