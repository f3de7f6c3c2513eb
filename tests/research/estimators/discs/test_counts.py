import numpy as np
import pytest
from sklearn import metrics

from research.estimators.discs.counts import (
    Outcomes,
    balanced_grade_accuracy,
    confusion,
    kappa,
    outcomes,
    share_off_by_more_than_one,
)
from research.estimators.discs.resampling import resample_patients

GRADES = np.arange(1, 6)


def drawn_twice(size=300, seed=0):
    """Grades with answers near them, and draws of their patients."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, size=size)
    answer = np.clip(truth + rng.integers(-2, 3, size=size), 1, 5)
    return truth, answer, resample_patients(np.arange(size) // 5, rng, 3)


def repeated(values, resamples, draw):
    """The discs of one draw, each as often as it was drawn."""
    return np.repeat(values, resamples.times[resamples.member, draw].astype(int))


def test_table_4_gives_the_printed_accuracies():
    """P2, Table 4: percentages of TP, TN, FP, FN and the accuracy, precision and recall."""
    printed = np.array([[62.0, 28.2, 7.2, 2.6], [18.0, 72.4, 4.2, 5.4], [8.7, 81.2, 4.7, 5.4]])

    found = Outcomes(*printed.T)

    assert found.accuracy * 100 == pytest.approx([90.2, 90.4, 89.9])
    assert found.precision * 100 == pytest.approx([89.6, 81.08, 64.93], abs=0.01)
    # Pooled; the printed 78.3 and 62.6 are means over folds.
    assert found.f1 * 100 == pytest.approx([92.68, 78.95, 63.27], abs=0.01)


def test_every_draw_counts_as_scikit_learn_does():
    truth, answer, resamples = drawn_twice()
    true, called = truth > 3, answer > 3

    found = outcomes(true, called, resamples)

    for draw in range(4):
        y, z = repeated(true, resamples, draw), repeated(called, resamples, draw)
        tn, fp, fn, tp = metrics.confusion_matrix(y, z).ravel()
        assert (found.tn[draw], found.fp[draw], found.fn[draw], found.tp[draw]) == (tn, fp, fn, tp)
        assert found.f1[draw] == pytest.approx(metrics.f1_score(y, z))
        assert found.balanced_accuracy[draw] == pytest.approx(metrics.balanced_accuracy_score(y, z))


def test_who_calls_nothing_has_no_precision_and_an_f1_of_0():
    truth, called = np.array([True, False]), np.array([False, False])

    found = outcomes(truth, called, resample_patients(np.arange(2), np.random.default_rng(0), 1))

    assert np.isnan(found.precision[0])
    assert (found.recall[0], found.f1[0], found.accuracy[0]) == (0, 0, 0.5)


def test_grades_agree_as_scikit_learn_says():
    truth, answer, resamples = drawn_twice()

    table = confusion(truth, answer, GRADES, resamples)

    for draw in range(4):
        y, z = repeated(truth, resamples, draw), repeated(answer, resamples, draw)
        assert np.array_equal(table[draw], metrics.confusion_matrix(y, z, labels=GRADES))
        for quadratic, weights in ((True, "quadratic"), (False, None)):
            expected = metrics.cohen_kappa_score(y, z, weights=weights)
            assert kappa(table, quadratic=quadratic)[draw] == pytest.approx(expected)
        balanced = metrics.balanced_accuracy_score(y, z)
        assert balanced_grade_accuracy(table)[draw] == pytest.approx(balanced)
        assert share_off_by_more_than_one(table)[draw] == np.mean(abs(y - z) > 1)


def test_kappa_by_hand():
    # Cohen's 2 x 2 of 50: 35 agree; by chance 0.5. Two grades: weights do not matter.
    table = np.array([[[20.0, 5.0], [10.0, 15.0]]])

    assert kappa(table, quadratic=False) == pytest.approx([0.4])
    assert kappa(table, quadratic=True) == pytest.approx([0.4])


def test_grades_that_do_not_occur_do_not_lower_the_balanced_accuracy():
    table = np.array([[[3.0, 1.0, 0.0], [0.0, 2.0, 2.0], [0.0, 0.0, 0.0]]])

    assert balanced_grade_accuracy(table) == pytest.approx([(0.75 + 0.5) / 2])
