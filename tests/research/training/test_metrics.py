import numpy as np
import pytest

from research.training import metrics

TRUTH = np.array([26.0, 30.0, 40.0, 84.0])
PREDICTED = np.array([28.0, 30.0, 50.0, 80.0])


def test_age_errors_by_hand():
    assert metrics.mean_absolute_error(TRUTH, PREDICTED) == 4.0
    # Brackets 25-34: (2 + 0) / 2, 35-44: 10, 75-84: 4.
    assert metrics.weighted_mean_absolute_error(TRUTH, PREDICTED) == pytest.approx(5.0)
    assert metrics.r_squared(TRUTH, PREDICTED) == pytest.approx(1 - 120 / 2132)


def test_r_squared_of_the_mean_is_zero():
    assert metrics.r_squared(TRUTH, np.full(4, TRUTH.mean())) == 0


def test_progression_scores_by_hand():
    baseline = np.array([1, 1, 1, 2, 2, 3])
    followup = np.array([2, 2, 1, 3, 2, 2])
    predicted = np.array([2, 1, 2, 3, 2, 3])

    scores = metrics.progression_scores(baseline, followup, predicted)

    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.precision == pytest.approx(2 / 3)
    assert scores.recall == pytest.approx(2 / 3)
    assert scores.f1 == pytest.approx(2 / 3)


def test_no_call_of_progression_scores_zero():
    scores = metrics.progression_scores(np.array([1, 1]), np.array([2, 1]), np.array([1, 1]))

    assert (scores.accuracy, scores.f1) == (0.5, 0.0)


def test_area_under_curve_by_hand():
    truth = np.array([True, True, False, False])

    assert metrics.area_under_curve(truth, np.array([0.9, 0.4, 0.4, 0.1])) == 0.875
    assert np.isnan(metrics.area_under_curve(truth[:2], np.array([0.9, 0.4])))


def test_rule_from_the_baseline_alone():
    baseline, followup = np.array([1, 1, 1, 4, 4]), np.array([2, 2, 1, 4, 3])

    found = metrics.most_frequent_followup(baseline, followup, np.array([4, 1, 5]))

    assert list(found) == [3, 2, 5]


def test_published_joint_gives_the_published_accuracy_without_an_image():
    """P2, Tables 2 and 3, Schneiderman: 88.1 % by the baseline grade alone."""
    marginal = np.array([6.4, 51.0, 39.2, 3.4])
    given = np.array(
        [
            [92.8, 4.2, 2.6, 0.4],
            [85.1, 9.4, 4.6, 0.9],
            [23.6, 27.8, 38.6, 10.0],
            [2.2, 3.5, 25.3, 69.0],
        ]
    )
    counts = np.rint(given * marginal[:, None] * 10).astype(int)
    pairs = [(b, f) for f in range(4) for b in range(4) for _ in range(counts[f, b])]
    baseline, followup = np.array(pairs).T

    rule = metrics.most_frequent_followup(baseline, followup, baseline)
    scores = metrics.progression_scores(baseline, followup, rule)

    assert scores.accuracy == pytest.approx(0.881, abs=0.002)
    assert scores.f1 == pytest.approx(0.915, abs=0.002)
