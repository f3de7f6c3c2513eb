import math

import pytest
import torch

from research.training.segmentation.marginal import (
    MarginalLoss,
    merge,
    owner_of,
    partitions_of,
    sets_of,
)

FULL = ((0,), (1,), (2,), (3,))
# Classes 1 and 2 are merged; class 3 is not labeled.
PARTLY = ((0, 3), (1, 2))
PARTITIONS = partitions_of([FULL, PARTLY])


def logits(*chances):
    """Scores of voxels in a row, shape (1, classes, voxels)."""
    return torch.log(torch.tensor(chances)).T[None]


def test_merged_and_missing_classes_are_summed_by_hand():
    # Two voxels: probabilities of background and classes 1 to 3.
    scores = logits([0.4, 0.1, 0.2, 0.3], [0.1, 0.5, 0.3, 0.1])
    target = torch.tensor([[[4, 5]]])  # background or class 3; class 1 or 2

    loss = MarginalLoss(PARTITIONS)(scores, target)

    entropy = -(math.log(0.4 + 0.3) + math.log(0.5 + 0.3)) / 2
    # Chances of the set {1, 2}: 0.3 and 0.8; the second voxel is one.
    dice = 2 * 0.8 / (1 + 0.3 + 0.8)
    assert float(loss) == pytest.approx(entropy - dice, abs=1e-4)


def test_fully_labeled_data_get_cross_entropy_and_dice():
    torch.manual_seed(0)
    scores, target = torch.randn(2, 4, 6, 5), torch.randint(0, 4, (2, 1, 6, 5))

    loss = MarginalLoss(PARTITIONS)(scores, target)

    entropy = torch.nn.functional.cross_entropy(scores, target[:, 0])
    chances = torch.softmax(scores, dim=1)
    wanted = torch.nn.functional.one_hot(target[:, 0], 4).movedim(-1, 1)
    overlap, sizes = (chances * wanted).sum((0, 2, 3)), (chances + wanted).sum((0, 2, 3))
    dice = (2 * overlap / sizes)[1:].mean()
    torch.testing.assert_close(loss, entropy - dice, atol=1e-5, rtol=1e-5)


def test_items_of_two_data_sets_share_a_batch():
    torch.manual_seed(0)
    scores = torch.randn(2, 4, 8)
    whole = torch.tensor([[[0, 1, 2, 3, 3, 2, 1, 0]]])
    partly = torch.tensor([[[4, 5, 5, 4, 4, 5, 5, 4]]])
    loss = MarginalLoss(PARTITIONS)

    together = loss(scores, torch.cat([whole, partly]))

    # Dice is a mean over the sets that are there: three of the first, one of the second.
    entropy, dice = 0.0, 0.0
    for item, target, sets, count in ((0, whole, FULL, 3), (1, partly, PARTLY, 1)):
        merged = merge(torch.log_softmax(scores[item : item + 1], 1), sets)
        wanted = sets_of(target[:, 0], owner_of(target, PARTITIONS))
        part = torch.nn.functional.nll_loss(merged, wanted)
        entropy += part / 2
        dice += (part - loss(scores[item : item + 1], target)) * count / 4
    torch.testing.assert_close(together, entropy - dice, atol=1e-4, rtol=1e-4)


def test_unlabeled_class_is_not_pushed_away_from_background():
    scores = logits([0.2, 0.1, 0.1, 0.6]).requires_grad_()

    MarginalLoss(PARTITIONS)(scores, torch.tensor([[[4]]])).backward()

    # Descending raises both background and the class that the data set does not label.
    assert scores.grad[0, 0, 0] < 0
    assert scores.grad[0, 3, 0] < 0
    assert scores.grad[0, 1, 0] > 0


def test_padding_of_a_partly_labeled_item_is_background():
    target = torch.tensor([[0, 4, 5]])
    owner = owner_of(target, PARTITIONS)
    assert owner.sets == PARTLY
    assert sets_of(target, owner).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("sets", [((0, 3), (1, 2, 3)), ((0,), (1, 2))])
def test_sets_that_overlap_or_leave_out_a_class_are_refused(sets):
    with pytest.raises(ValueError, match="each of the classes"):
        partitions_of([FULL, sets])
