import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from research.estimators.discs.discrimination import area_under_curve, brier_score
from research.estimators.discs.resampling import resample_patients


def planted(size=240, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random(size) < 0.3
    # Rounded, so that chances tie.
    chance = np.round(np.clip(0.25 * truth + rng.random(size) * 0.75, 0, 1), 1)
    fold = np.arange(size) // 5 % 3
    return truth, chance, fold, resample_patients(np.arange(size) // 5, rng, 4)


def repeated(values, resamples, draw):
    return np.repeat(values, resamples.times[resamples.member, draw].astype(int))


def test_auc_of_one_fold_is_scikit_learns_in_every_draw():
    truth, chance, _, resamples = planted()

    found = area_under_curve(truth, chance, np.zeros(len(truth), dtype=int), resamples)

    for draw in range(5):
        y, p = repeated(truth, resamples, draw), repeated(chance, resamples, draw)
        assert found[draw] == pytest.approx(roc_auc_score(y, p))


def test_auc_of_folds_weighs_each_by_its_pairs():
    truth, chance, fold, resamples = planted()

    found = area_under_curve(truth, chance, fold, resamples)[0]

    areas = [roc_auc_score(truth[fold == n], chance[fold == n]) for n in range(3)]
    pairs = [(truth & (fold == n)).sum() * (~truth & (fold == n)).sum() for n in range(3)]
    assert found == pytest.approx(np.average(areas, weights=pairs))


def test_a_constant_of_each_fold_knows_nothing():
    """Across folds, a share learned from the others ranks against the truth."""
    truth = np.array([True, True, False, True, False, False])
    fold = np.array([0, 0, 0, 1, 1, 1])
    chance = np.array([1 / 3, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 2 / 3])
    resamples = resample_patients(np.arange(6), np.random.default_rng(0), 1)

    assert area_under_curve(truth, chance, fold, resamples)[0] == 0.5
    assert roc_auc_score(truth, chance) < 0.4


def test_no_area_without_both_kinds():
    resamples = resample_patients(np.arange(3), np.random.default_rng(0), 2)
    all_true, zeros = np.ones(3, dtype=bool), np.zeros(3)

    assert np.isnan(area_under_curve(all_true, zeros, zeros.astype(int), resamples)).all()


def test_brier_score_is_scikit_learns():
    truth, chance, _, resamples = planted()

    found = brier_score(truth, chance, resamples)

    for draw in range(5):
        y, p = repeated(truth, resamples, draw), repeated(chance, resamples, draw)
        assert found[draw] == pytest.approx(brier_score_loss(y, p))
