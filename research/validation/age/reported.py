"""What reports alone tell of age: gradient boosting on P1's 67 features."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from phantom.subjects import Subject
from research.measurements import Data, Measurement
from research.training.metrics import mean_absolute_error, r_squared
from research.validation.age.ideal import subject_of
from research.validation.age.predictions import Prediction
from research.worlds.age import Part, scans, seeds
from research.worlds.findings import reported_features

_SEED = 0


def boosted_reports(
    predictions: Sequence[Prediction], data: Data, subjects: int | None = None
) -> list[Measurement]:
    """Return the test MAE of boosting, and the network's over it, which must be below 1.

    Parameters
    ----------
    subjects : of the training part to learn from; by default all, whatever the network had
    """
    tested = [item for item in predictions if item.part is Part.TEST]
    name = "test: MAE, network over gradient boosting on 67 reported features"
    if not tested:
        return [Measurement(name, None, "1", data, 0, 1.0, "lower")]
    learned = [next(scans(Part.TRAINING, seed)).subject for seed in seeds(Part.TRAINING, subjects)]
    truth = np.array([item.age_years for item in tested])
    said = np.array([item.predicted_years for item in tested])
    guessed = _boosting(learned).predict(_features([subject_of(item) for item in tested]))
    error, count = mean_absolute_error(truth, guessed), len(tested)
    what = f"gradient boosting on the reports of {len(learned)} subjects"
    return [
        Measurement(f"test: MAE of {what}", error, "years", data, count),
        Measurement(f"test: R2 of {what}", r_squared(truth, guessed), "1", data, count),
        Measurement(name, mean_absolute_error(truth, said) / error, "1", data, count, 1.0, "lower"),
    ]


def _boosting(people: Sequence[Subject]) -> HistGradientBoostingRegressor:
    """Fit; a tenth of the subjects tells when to stop."""
    model = HistGradientBoostingRegressor(
        learning_rate=0.05, max_iter=500, early_stopping=True, random_state=_SEED
    )
    return model.fit(_features(people), np.array([person.age_years for person in people]))


def _features(people: Sequence[Subject]) -> NDArray[np.float64]:
    return np.stack([reported_features(person) for person in people])
