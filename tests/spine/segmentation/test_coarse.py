import numpy as np
import pytest

from spine.anatomy.labels import TissueClass
from spine.errors import Code, SegmentationError
from spine.imaging.volume import Volume
from spine.preprocessing.segmentation import WindowSpec
from spine.segmentation.coarse import coarse_pass

SPEC = WindowSpec((3.0, 2.0, 1.8), (8, 20, 28))
AFFINE = np.diag([3.0, 2.0, 1.8, 1.0])
VOLUME = Volume(np.random.default_rng(0).random((8, 20, 28), np.float32), AFFINE)


def _scores(batch):
    return np.zeros((1, len(TissueClass), *batch.shape[2:]), np.float32)


def _bright_is_disc(batch):
    """Sees the same thing in a mirrored picture, mirrored."""
    scores = _scores(batch)
    scores[0, TissueClass.DISC] = batch[0, 0]
    return scores


def _right_is_disc(batch):
    """Sees discs on the right of whatever picture it is given."""
    scores = _scores(batch)
    scores[0, TissueClass.DISC, 5:] = 1
    scores[0, TissueClass.CORD, :5] = 0.5
    return scores


def test_a_network_that_minds_no_side_sees_the_same_in_both_passes():
    found = coarse_pass(VOLUME, _bright_is_disc, SPEC, mirrored=True)

    np.testing.assert_array_equal(found.passes.plain.data, found.passes.mirrored.data)
    np.testing.assert_array_equal(found.classes.data, found.passes.plain.data)
    np.testing.assert_array_equal(
        found.scores, coarse_pass(VOLUME, _bright_is_disc, SPEC, mirrored=False).scores
    )


def test_the_mirrored_pass_is_turned_back_and_the_scores_are_averaged():
    found = coarse_pass(VOLUME, _right_is_disc, SPEC, mirrored=True)

    discs = [one.data == TissueClass.DISC for one in (found.passes.plain, found.passes.mirrored)]
    assert np.flatnonzero(discs[0].any(axis=(1, 2))).tolist() == [5, 6, 7]
    assert np.flatnonzero(discs[1].any(axis=(1, 2))).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(
        found.scores[TissueClass.DISC, :, 0, 0], [0.5, 0.5, 0.5, 0, 0, 0.5, 0.5, 0.5]
    )


def test_without_a_mirrored_pass_there_is_one_call_and_nothing_to_compare():
    calls = []

    def network(batch):
        calls.append(batch)
        return _bright_is_disc(batch)

    assert coarse_pass(VOLUME, network, SPEC, mirrored=False).passes is None
    assert len(calls) == 1


def test_classes_lie_on_the_windows_grid():
    found = coarse_pass(VOLUME, _bright_is_disc, SPEC, mirrored=False)

    assert found.classes.grid.matches(SPEC.grid(VOLUME.grid))
    mean = VOLUME.data.mean()
    np.testing.assert_array_equal(found.classes.data == TissueClass.DISC, VOLUME.data > mean)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(SegmentationError) as caught:
        coarse_pass(VOLUME, lambda batch: _scores(batch) * np.nan, SPEC, mirrored=True)

    assert caught.value.code is Code.NOT_FINITE
