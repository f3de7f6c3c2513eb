import numpy as np
import pytest

from research.training.discs.balance import Balance, class_weights, epoch_order, synthesize

# 90 discs of grade 0, 9 of grade 1, 1 of grade 3; none of grade 2.
TARGETS = np.repeat([0, 1, 3], [90, 9, 1])


def test_weights_are_inverse_to_frequency_up_to_ten_and_average_one():
    # Inverse frequencies 1, 10 and 90, cut to 1, 10, 10; their mean over discs is 1.9.
    assert class_weights(TARGETS, 4) == pytest.approx(np.array([1, 10, 0, 10]) / 1.9)


def counts(balance):
    order = epoch_order(balance, TARGETS, np.random.default_rng(0))
    return np.bincount(TARGETS[order], minlength=4).tolist()


def test_every_disc_is_seen_once_in_a_plain_epoch():
    order = epoch_order(Balance.PLAIN, TARGETS, np.random.default_rng(0))

    assert sorted(order) == list(range(100))
    assert order.tolist() != sorted(order)


def test_over_sampling_shows_every_grade_as_often():
    assert counts(Balance.OVER) == [90, 90, 0, 90]


def test_under_sampling_shows_common_grades_less_and_rare_ones_whole():
    # Mean of the square roots of 90, 9 and 1 is 4.496, its square 20.
    assert counts(Balance.UNDER) == [20, 9, 0, 1]


def test_synthesized_features_lie_between_neighbors_of_their_grade():
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1], [40, 8])
    features = np.where(targets[:, None] == 1, rng.uniform(4, 5, (48, 3)), rng.normal(size=(48, 3)))

    more, labels = synthesize(features.astype(np.float32), targets, seed=0)

    assert np.bincount(labels).tolist() == [40, 40]
    made = more[48:]
    assert (labels[48:] == 1).all()
    assert ((made >= 4) & (made <= 5)).all()


def test_a_grade_without_neighbors_is_left_as_it_is():
    features = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)

    _, labels = synthesize(features, TARGETS, seed=0)

    assert np.bincount(labels, minlength=4).tolist() == [90, 90, 0, 1]
