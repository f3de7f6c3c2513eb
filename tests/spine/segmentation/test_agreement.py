import numpy as np
import pytest

from spine.anatomy.labels import DISC_LABELS, SACRUM, VERTEBRA_LABELS, TissueClass
from spine.anatomy.levels import DiscLevel, Level
from spine.imaging.volume import LabelMap
from spine.segmentation.agreement import Passes, disagreement, vertebra_share

AFFINE = np.diag([3.0, 1.8, 1.8, 1.0])
L3, L4 = VERTEBRA_LABELS[Level.L3], VERTEBRA_LABELS[Level.L4]
DISC = DISC_LABELS[DiscLevel.L3_L4]


def drawn(*parts):
    data = np.zeros((6, 20, 40), np.uint8)
    for where, value in parts:
        data[where] = value
    return LabelMap(data, AFFINE)


LABELS = drawn(
    (np.s_[2:4, 5:10, 20:30], L3), (np.s_[2:4, 5:10, 16:20], DISC), (np.s_[2:4, 5:10, 6:16], L4)
)
PLAIN = (
    (np.s_[2:4, 5:10, 20:30], TissueClass.LUMBAR),
    (np.s_[2:4, 5:10, 16:20], TissueClass.DISC),
    (np.s_[2:4, 5:10, 6:16], TissueClass.LUMBAR),
)


def test_passes_that_agree_do_not_disagree_anywhere():
    passes = Passes(drawn(*PLAIN), drawn(*PLAIN))

    assert disagreement(passes, LABELS) == {L3: 0.0, DISC: 0.0, L4: 0.0}


def test_disagreement_is_one_minus_dice_of_the_label_alone():
    half = (np.s_[2:3, 5:10, 20:30], TissueClass.BACKGROUND)
    passes = Passes(drawn(*PLAIN), drawn(*PLAIN, half))

    found = disagreement(passes, LABELS)

    # 100 and 50 voxels, 50 of them common.
    assert found[L3] == pytest.approx(1 - 2 * 50 / 150)
    assert found[L4] == found[DISC] == 0


def test_another_region_is_the_same_vertebra():
    thoracic = (np.s_[2:4, 5:10, 20:30], TissueClass.THORACIC)

    assert disagreement(Passes(drawn(*PLAIN), drawn(*PLAIN, thoracic)), LABELS)[L3] == 0


def test_a_label_that_one_pass_misses_disagrees_wholly_and_one_that_both_miss_is_left_out():
    missing = (np.s_[2:4, 5:10, 16:20], TissueClass.BACKGROUND)

    assert disagreement(Passes(drawn(*PLAIN), drawn(*PLAIN, missing)), LABELS)[DISC] == 1
    assert DISC not in disagreement(Passes(drawn(*PLAIN, missing), drawn(*PLAIN, missing)), LABELS)


def test_labels_on_a_finer_grid_are_found_in_the_window():
    """Native voxels of 1.5 x 0.9 x 0.6 mm around the same center."""
    fine = np.repeat(np.repeat(np.repeat(LABELS.data, 2, 0), 2, 1), 3, 2)
    affine = np.diag([1.5, 0.9, 0.6, 1.0])
    affine[:3, 3] = (-0.75, -0.45, -0.6)
    half = (np.s_[2:3, 5:10, 20:30], TissueClass.BACKGROUND)

    found = disagreement(Passes(drawn(*PLAIN), drawn(*PLAIN, half)), LabelMap(fine, affine))

    assert found == pytest.approx({L3: 1 / 3, DISC: 0.0, L4: 0.0})


def test_voxels_next_to_a_label_count_and_others_do_not():
    grown = (np.s_[2:4, 5:11, 6:15], TissueClass.LUMBAR)
    far = (np.s_[2:4, 15:18, 6:16], TissueClass.SACRUM)

    found = disagreement(Passes(drawn(*PLAIN), drawn(*PLAIN, grown, far)), LABELS)

    assert found[L4] == pytest.approx(1 - 2 * 100 / 218)
    assert SACRUM not in found


def test_vertebra_share_is_what_the_coarse_net_calls_vertebra_of_any_region():
    half = (np.s_[2:3, 5:10, 6:16], TissueClass.SACRUM)
    thoracic = (np.s_[3:4, 5:10, 6:16], TissueClass.THORACIC)
    assert vertebra_share(drawn(*PLAIN), LABELS, L4) == 1
    assert vertebra_share(drawn(*PLAIN, half, thoracic), LABELS, L4) == pytest.approx(0.5)
    assert vertebra_share(drawn(), LABELS, L4) == 0
    assert vertebra_share(drawn(), LABELS, VERTEBRA_LABELS[Level.T1]) == 1
