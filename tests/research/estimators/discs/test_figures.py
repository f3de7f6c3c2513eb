import time

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from research.estimators.discs.answers import model
from research.estimators.discs.figures import measure
from research.estimators.discs.resampling import resample_patients
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort


def test_folds_are_summed_up_as_mean_and_deviation_and_pooled_apart():
    discs = cohort(Scale.BULGING, patients=100)
    answer = model(discs)

    found = measure(discs, answer, resample_patients(discs.patient, np.random.default_rng(0), 200))

    by_fold = [
        f1_score(discs.progressed[discs.fold == n], answer.called[discs.fold == n])
        for n in range(5)
    ]
    assert found["F1"].fold_mean == pytest.approx(np.mean(by_fold))
    assert found["F1"].fold_sd == pytest.approx(np.std(by_fold, ddof=1))
    assert found["F1"].pooled.value == pytest.approx(f1_score(discs.progressed, answer.called))
    accuracy = found["accuracy"].pooled
    assert accuracy.value == pytest.approx(accuracy_score(discs.progressed, answer.called))
    assert accuracy.low < accuracy.value < accuracy.high
    shares = [found[name].pooled.value for name in ("TP", "TN", "FP", "FN")]
    assert sum(shares) == pytest.approx(1)


def test_two_thousand_draws_of_a_cohort_of_papers_size_take_seconds():
    discs = cohort(Scale.PFIRRMANN, patients=1_343)
    answer = model(discs)

    start = time.process_time()
    resamples = resample_patients(discs.patient, np.random.default_rng(0))
    found = measure(discs, answer, resamples)

    assert time.process_time() - start < 6
    assert resamples.times.shape == (1_343, 2_001)
    assert found["AUC"].pooled.low < found["AUC"].pooled.value < found["AUC"].pooled.high
