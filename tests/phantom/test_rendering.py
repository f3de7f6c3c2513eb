import numpy as np
import pytest

from phantom.protocols import LUMBAR_T2, WHOLE_SPINE_T2, coarser
from phantom.rendering import render
from phantom.subjects import subject
from spine.anatomy.labels import CORD, CSF, DISC_LABELS, SACRUM, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel


@pytest.fixture(scope="module")
def whole_spine():
    coarse = coarser(WHOLE_SPINE_T2, 2.4)
    return render(subject(3, age_years=40), coarse, np.random.default_rng(3), sub_slices=1)


def test_every_level_is_labeled_and_ordered_from_head_to_foot(whole_spine):
    labels = whole_spine.labels.data
    heights = [
        np.argwhere(labels == VERTEBRA_LABELS[level])[:, 2].mean()
        for level in subject(3).variant.levels
    ]
    assert (np.diff(heights) < 0).all()
    present = set(np.unique(labels))
    assert {CORD, CSF, SACRUM} | {DISC_LABELS[d] for d in subject(3).variant.discs} <= present


def test_disc_centers_lie_in_their_labels(whole_spine):
    for disc in whole_spine.truth.discs:
        index = whole_spine.labels.grid.index_from_world(np.array(disc.center_mm))
        i, j, k = np.round(index).astype(int)
        near = whole_spine.labels.data[i, j, k - 1 : k + 2]
        assert DISC_LABELS[DiscLevel(disc.level)] in near


def test_same_seed_renders_the_same_image(whole_spine):
    coarse = coarser(WHOLE_SPINE_T2, 2.4)
    again = render(subject(3, age_years=40), coarse, np.random.default_rng(3), sub_slices=1)
    np.testing.assert_array_equal(again.volume.data, whole_spine.volume.data)
    np.testing.assert_array_equal(again.labels.data, whole_spine.labels.data)


def test_lumbar_view_holds_the_lumbar_spine_alone():
    seen = render(
        subject(5, age_years=50), coarser(LUMBAR_T2, 2.5), np.random.default_rng(5), sub_slices=1
    )
    present = set(np.unique(seen.labels.data))
    assert {41, 42, 43, 44, 45, SACRUM} <= present
    assert not {11, 12, 13, 17} & present
