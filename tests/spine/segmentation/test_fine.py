"""The fine pass around a fine net that knows the classes of every window it is shown."""

import numpy as np
import pytest

from phantom.protocols import WHOLE_SPINE_T2
from phantom.rendering import render
from phantom.subjects import subject
from spine.anatomy.labels import FineClass, TissueClass, classes_from_labels, fine_from_tissue
from spine.errors import Code, SegmentationError
from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.fine import FineSpec
from spine.preprocessing.segmentation import WindowSpec
from spine.segmentation.coarse import CoarseResult, coarse_pass
from spine.segmentation.fine import FineNet, fine_pass, with_regions
from spine.segmentation.windows import windows_everywhere
from tests.spine.segmentation.perfect import PerfectCoarse, PerfectFine, dice, noise

pytestmark = pytest.mark.slow

COARSE = WindowSpec((3.0, 1.8, 1.8), (16, 192, 400))
FINE = FineSpec()
SMALL = {"shape": (14, 230, 320), "spacing_mm": (3.3, 0.9, 0.9), "top_mm": -150.0}


def seen_coarsely(volume, classes):
    return coarse_pass(volume, PerfectCoarse(volume, classes, COARSE), COARSE, mirrored=False)


def nothing_seen(classes):
    """A coarse pass that found no spine."""
    scores = np.zeros((len(TissueClass), 16, 400, 192), np.float32)
    scores[0] = 1
    empty = LabelMap(np.zeros((16, 192, 400), np.uint8), COARSE.grid(classes.grid).affine)
    return CoarseResult(scores, empty, None)


def whole_path(volume, classes, coarse, network):
    fine = fine_pass(volume, coarse, FineNet(network, FINE, mirrored=False))
    return with_regions(fine, coarse, COARSE, volume.grid)


def worst_dice(found, classes):
    present = [tissue for tissue in TissueClass if tissue and (classes.data == tissue).any()]
    return min(dice(found == tissue, classes.data == tissue) for tissue in present)


def test_a_perfect_net_gives_the_classes_back_through_windows_and_blending(draw):
    classes = draw(**SMALL, lordosis_mm=35.0, affine_rotation_degrees=6.0).classes
    volume = noise(classes)
    network = PerfectFine(volume, classes, FINE)

    found = whole_path(volume, classes, seen_coarsely(volume, classes), network)

    # Not 1: where two regions meet, the coarse net's pixels tell them apart.
    assert worst_dice(found, classes) > 0.97
    everywhere = sum(len(window.slices) for window in windows_everywhere(classes.grid, FINE))
    assert 0 < len(network.windows) < everywhere


def test_a_perfect_net_gives_a_whole_phantom_back_at_native_size():
    rendering = render(subject(4, age_years=58.0), WHOLE_SPINE_T2, np.random.default_rng(4))
    classes = LabelMap(classes_from_labels(rendering.labels.data), rendering.labels.affine)
    volume = noise(classes)
    assert classes.data.shape == (14, 384, 793)

    coarse = seen_coarsely(volume, classes)
    found = whole_path(volume, classes, coarse, PerfectFine(volume, classes, FINE))

    assert worst_dice(found, classes) > 0.97


def test_between_other_pixels_scores_are_interpolated(draw):
    """Native pixels of 0.6 mm, three to two of the stack."""
    classes = draw(
        shape=(8, 220, 430), spacing_mm=(4.0, 0.6, 0.6), top_mm=-200.0, lordosis_mm=5.0
    ).classes
    volume = noise(classes)

    coarse = seen_coarsely(volume, classes)
    found = whole_path(volume, classes, coarse, PerfectFine(volume, classes, FINE))

    for tissue in (TissueClass.LUMBAR, TissueClass.DISC, TissueClass.CSF):
        assert dice(found == tissue, classes.data == tissue) > 0.93, tissue


def test_left_stays_left(draw):
    classes = draw(**SMALL).classes
    data = classes.data.copy()
    data[:7][data[:7] == TissueClass.LUMBAR] = TissueClass.SACRUM
    classes = LabelMap(data, classes.affine)
    volume = noise(classes)

    coarse = seen_coarsely(volume, classes)
    found = whole_path(volume, classes, coarse, PerfectFine(volume, classes, FINE))

    left = np.flatnonzero((found == TissueClass.SACRUM).any(axis=(1, 2)))
    right = np.flatnonzero((found == TissueClass.LUMBAR).any(axis=(1, 2)))
    assert left.max() == 6
    assert right.min() == 7


def test_without_a_coarse_spine_every_slice_is_looked_at(draw):
    classes = draw(**SMALL).classes
    volume = noise(classes)
    network = PerfectFine(volume, classes, FINE)

    fine = fine_pass(volume, nothing_seen(classes), FineNet(network, FINE, mirrored=False))

    np.testing.assert_array_equal(fine, fine_from_tissue(classes.data))
    windows = windows_everywhere(classes.grid, FINE)
    assert len(network.windows) == sum(len(window.slices) for window in windows)


@pytest.mark.parametrize("end", ["upper", "lower"])
def test_a_column_that_runs_out_of_its_windows_is_looked_for_everywhere(draw, end):
    """The coarse net misses half the column; the fine one sees it reach the windows' end."""
    classes = draw(shape=(6, 200, 640), spacing_mm=(6.0, 0.9, 0.9), top_mm=20.0).classes
    volume = noise(classes)
    half = classes.data.copy()
    half[:, :, slice(320, None) if end == "upper" else slice(0, 320)] = 0
    coarse = seen_coarsely(volume, LabelMap(half, classes.affine))

    fine = fine_pass(volume, coarse, FineNet(PerfectFine(volume, classes, FINE), FINE, False))

    np.testing.assert_array_equal(fine, fine_from_tissue(classes.data))


def test_ribs_that_leave_the_windows_are_no_reason_to_look_everywhere(draw):
    classes = draw(**SMALL).classes
    data = classes.data.copy()
    data[:, :, 100:104][data[:, :, 100:104] == 0] = TissueClass.RIB
    classes = LabelMap(data, classes.affine)
    volume = noise(classes)
    network = PerfectFine(volume, classes, FINE)

    fine_pass(volume, seen_coarsely(volume, classes), FineNet(network, FINE, mirrored=False))

    windows = windows_everywhere(classes.grid, FINE)
    assert len(network.windows) < sum(len(window.slices) for window in windows)


def test_a_mirrored_pass_swaps_the_neighbors_and_averages():
    """A net that scores the left neighbor's brightness as disc."""
    batches = []

    def network(batch):
        batches.append(batch)
        scores = np.zeros((len(batch), len(FineClass), *batch.shape[2:]), np.float32)
        scores[:, FineClass.DISC] = batch[:, 0] - batch[:, 2]
        scores[:, FineClass.BACKGROUND] = 0.1
        return scores

    data = np.random.default_rng(0).random((3, 128, 256), np.float32)
    classes = LabelMap(np.zeros(data.shape, np.uint8), np.diag([3.0, 0.9, 0.9, 1.0]))
    volume, coarse = Volume(data, classes.affine), nothing_seen(classes)

    one = fine_pass(volume, coarse, FineNet(network, FINE, mirrored=False))
    both = fine_pass(volume, coarse, FineNet(network, FINE, mirrored=True))

    assert (one == FineClass.DISC).mean() > 0.2
    # What the left gains the right loses.
    assert (both == FineClass.BACKGROUND).all()
    np.testing.assert_array_equal(batches[3], batches[4][:, ::-1])


def test_regions_are_those_the_coarse_net_scores_highest_there():
    classes = LabelMap(np.zeros((4, 60, 80), np.uint8), np.diag([3.0, 0.9, 0.9, 1.0]))
    coarse = nothing_seen(classes)
    # Of the vertebrae's regions thoracic below the middle, cervical above; sacrum, which is
    # none of them, and background above both.
    coarse.scores[TissueClass.CERVICAL, :, 200:] = 0.5
    coarse.scores[TissueClass.THORACIC, :, :200] = 0.5
    coarse.scores[TissueClass.SACRUM] = 2
    fine = np.full((4, 60, 80), FineClass.VERTEBRA, np.uint8)
    fine[:, 40:] = FineClass.CORD

    found = with_regions(fine, coarse, COARSE, classes.grid)

    assert (found[:, :40, :40] == TissueClass.THORACIC).all()
    assert (found[:, :40, 40:] == TissueClass.CERVICAL).all()
    assert (found[:, 40:] == TissueClass.CORD).all()


def test_scores_that_are_no_numbers_are_refused(draw):
    classes = draw(**SMALL).classes
    volume = noise(classes)

    def network(batch):
        return np.full((len(batch), len(FineClass), *batch.shape[2:]), np.nan, np.float32)

    with pytest.raises(SegmentationError) as caught:
        fine_pass(volume, nothing_seen(classes), FineNet(network, FINE, mirrored=False))

    assert caught.value.code is Code.NOT_FINITE
