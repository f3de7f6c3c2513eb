import numpy as np

from research.segflow.voting import BACKGROUND, IGNORED, VERTEBRA, supervision, vote


def test_vote_shares_each_slice_with_its_neighbors():
    # Four settings, three slices of one pixel: 4, 2 and 0 of them say vertebra.
    masks = np.zeros((4, 3, 1, 1), dtype=bool)
    masks[:, 0] = True
    masks[:2, 1] = True

    shares = vote(masks)

    # Own share by half, each neighbor's by a quarter; at the ends the slice itself stands in.
    assert shares.ravel().tolist() == [
        0.25 * 1 + 0.5 * 1 + 0.25 * 0.5,
        0.25 * 1 + 0.5 * 0.5 + 0.25 * 0,
        0.25 * 0.5 + 0.5 * 0 + 0.25 * 0,
    ]


def test_supervision_keeps_only_what_most_agree_on():
    shares = np.array([1.0, 0.8, 0.79, 0.5, 0.11, 0.1, 0.0], dtype=np.float32)

    labels = supervision(shares)

    assert labels.tolist() == [
        VERTEBRA, VERTEBRA, IGNORED, IGNORED, IGNORED, BACKGROUND, BACKGROUND,
    ]  # fmt: skip


def test_silence_says_nothing_where_the_rules_cannot_judge():
    shares = np.array([0.9, 0.0, 0.0], dtype=np.float32)

    labels = supervision(shares, undecided=np.array([True, True, False]))

    assert labels.tolist() == [VERTEBRA, IGNORED, BACKGROUND]
