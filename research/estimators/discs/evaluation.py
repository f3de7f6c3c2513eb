"""All figures of one scale as one table: every answer, on all discs and in every group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from research.estimators.discs.answers import Answers, Source, model, without_image
from research.estimators.discs.figures import EVERYTHING, SHORT, Figure, measure
from research.estimators.discs.groups import Flags, groups
from research.estimators.discs.predictions import Predictions
from research.estimators.discs.resampling import RESAMPLES, Resamples, resample_patients

ALL = "all"
COLUMNS = (
    "scale", "grouping", "group", "row", "measure", "value", "low", "high", "fold mean",
    "fold SD", "discs", "patients",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Discs of one scale, everything that answers for them, and the draws of their patients.

    Attributes
    ----------
    answers : the model first
    figures : a row a measure, columns as `COLUMNS`
    """

    predictions: Predictions
    answers: Sequence[Answers]
    resamples: Resamples
    figures: pd.DataFrame

    def answer(self, source: Source) -> Answers:
        """Return what one source answers."""
        return next(one for one in self.answers if one.source is source)

    @property
    def sources(self) -> list[Source]:
        """Every row of a table, in order."""
        return [one.source for one in self.answers]


def evaluate(
    predictions: Predictions,
    further: Sequence[Answers],
    rng: np.random.Generator,
    *,
    by_group: bool = True,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measure the model, the answers that need no image, and further ones.

    Parameters
    ----------
    further : such as an oracle's, shown last
    by_group : also in every group of discs
    resamples : draws of patients
    """
    answers = [model(predictions), *without_image(predictions), *further]
    drawn = resample_patients(predictions.patient, rng, resamples)
    rows: list[dict[str, object]] = []
    parts = list(_parts(predictions, by_group=by_group))
    for grouping, group, members in tqdm(parts, desc=predictions.scale.value, mininterval=5):
        some = predictions.of(members), drawn.of(members)
        for answer in answers:
            is_all = grouping == ALL
            wanted = EVERYTHING if is_all else SHORT
            found = measure(some[0], answer.of(members), some[1], wanted, over_folds=is_all)
            named = {"scale": predictions.scale.value, "grouping": grouping, "group": group}
            rows += _rows({**named, "row": answer.source.value}, found, some[0])
    return Evaluation(predictions, answers, drawn, pd.DataFrame(rows, columns=list(COLUMNS)))


def _parts(predictions: Predictions, *, by_group: bool) -> Iterator[tuple[str, str, Flags]]:
    yield ALL, ALL, np.ones(len(predictions), dtype=bool)
    if by_group:
        for grouping, parts in groups(predictions).items():
            for group, members in parts:
                yield grouping, group, members


def _rows(
    named: dict[str, object], found: dict[str, Figure], predictions: Predictions
) -> list[dict[str, object]]:
    size = {"discs": len(predictions), "patients": len(np.unique(predictions.patient))}
    return [
        {
            **named,
            "measure": name,
            "value": figure.pooled.value,
            "low": figure.pooled.low,
            "high": figure.pooled.high,
            "fold mean": figure.fold_mean,
            "fold SD": figure.fold_sd,
            **size,
        }
        for name, figure in found.items()
    ]
