"""What could at best be known of a virtual disc at baseline, and how much of it a model has."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from research.estimators.discs.answers import Answers, Source, from_distribution
from research.estimators.discs.columns import Columns
from research.estimators.discs.discrimination import area_under_curve, brier_score
from research.estimators.discs.evaluation import Evaluation
from research.estimators.discs.faults import PredictionsError
from research.estimators.discs.predictions import Predictions
from research.estimators.discs.resampling import Estimate, estimate, ratio

# What `cohort progression` writes beside a virtual cohort, for validation alone.
ORACLE_FILE = "oracle.csv"


@dataclass(frozen=True, slots=True)
class Skill:
    """The share of what an image could add to the baseline grade that the model has.

    (model - baseline grade only) / (oracle - baseline grade only): 0 is no more than the
    baseline grade, 1 is all that the image shows.
    """

    auc: Estimate
    brier: Estimate


def read_oracle(path: Path, predictions: Predictions) -> Answers:
    """Read the oracle's probability of every follow-up grade of the discs predicted.

    Raises
    ------
    PredictionsError
        If a column is missing, a disc stands twice, its baseline grade is another one, or
        discs are not in the file.
    """
    classes = [f"p{n}" for n in range(len(predictions.grades))]
    columns = Columns(path, ("patient_id", "level", "scale", "baseline", *classes))
    own = columns.rows(columns.names("scale") == predictions.scale.value)
    shares = own.probabilities(classes)
    patient, level = own.names("patient_id"), own.names("level")
    own.once(patient, level)
    place = {disc: number for number, disc in enumerate(zip(patient, level, strict=True))}
    asked = zip(predictions.patient, predictions.level, strict=True)
    found = np.array([place.get(disc, -1) for disc in asked])
    if (found < 0).any():
        count = int((found < 0).sum())
        raise PredictionsError(f"{path.name}: {count} discs of {predictions.scale} are missing")
    other = own.grades("baseline", predictions.scale)[found] != predictions.baseline
    if other.any():
        raise PredictionsError(f"{path.name}: {int(other.sum())} discs have another baseline grade")
    return from_distribution(Source.ORACLE, predictions, shares[found])


def skill(evaluation: Evaluation) -> Skill:
    """Return the model's skill in AUC and in Brier score, with intervals of the same draws."""
    predictions, resamples = evaluation.predictions, evaluation.resamples
    truth = predictions.progressed
    chances = [
        evaluation.answer(source).chance
        for source in (Source.MODEL, Source.BASELINE, Source.ORACLE)
    ]
    auc = [area_under_curve(truth, one, predictions.fold, resamples) for one in chances]
    brier = [brier_score(truth, one, resamples) for one in chances]
    return Skill(*(estimate(ratio(own - base, best - base)) for own, base, best in (auc, brier)))
