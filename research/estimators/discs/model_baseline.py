"""Progression where a grading model gives the baseline grade, beside the readers' grade."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.discs.answers import Answers, Source, model
from research.estimators.discs.faults import PredictionsError
from research.estimators.discs.figures import SHORT, draws
from research.estimators.discs.gradings import Gradings, read_gradings
from research.estimators.discs.predictions import Predictions
from research.estimators.discs.resampling import Resamples, estimate, ratio
from research.estimators.discs.states import Names, states_from_grades, states_that_came
from research.estimators.discs.wording import PERCENT, style_of, with_interval
from research.pages import Table
from spine.anatomy.grades import Progression, Scale
from spine.degeneration.states import EVEN, LEAST_CERTAINTY


@dataclass(frozen=True, slots=True, eq=False)
class FromModel:
    """What is said of each disc without a reader's baseline grade."""

    answers: Answers
    states: Names


def baseline_file(scale: Scale) -> str:
    """Return the name of a scale's file, in the form of gradings, in the folder of a run."""
    return f"baseline-{scale.value}.csv"


def read_baseline(path: Path, predictions: Predictions) -> Gradings:
    """Read what a grading model says of the baseline images, in the order of the predictions.

    Raises
    ------
    PredictionsError
        If discs are missing, or a reader's grade is another one.
    """
    read = read_gradings(path, predictions.scale)
    place = {disc: n for n, disc in enumerate(zip(read.patient, read.level, strict=True))}
    asked = zip(predictions.patient, predictions.level, strict=True)
    order = np.array([place.get(disc, -1) for disc in asked])
    if (order < 0).any():
        raise PredictionsError(f"{path.name}: {int((order < 0).sum())} discs are missing")
    other = int((read.grade[order] != predictions.baseline).sum())
    if other:
        raise PredictionsError(f"{path.name}: {other} discs have another baseline grade")
    return Gradings(
        read.scale,
        read.patient[order],
        read.level[order],
        read.fold[order],
        read.grade[order],
        read.probabilities[order],
    )


def from_model(predictions: Predictions, baseline: Gradings) -> FromModel:
    """Say what becomes of each disc by the grading model's distribution.

    The chance of progression is summed over it; a class of several grades counts as its lowest,
    so that its share is an upper bound. A state is named only where one grade has 0.8 or more,
    and is not such a class.
    """
    grades, shares = predictions.grades, predictions.probabilities
    above = grades[None, :] > baseline.classes[:, None]
    chance = np.clip(np.einsum("db,df,bf->d", baseline.probabilities, shares, above), 0, 1)
    grade = grades[shares.argmax(axis=1)]
    called = grade > baseline.answer
    at_risk = baseline.answer < grades.max()
    is_open = len(baseline.classes) < len(grades)
    doubtful = baseline.probabilities.max(axis=1) < LEAST_CERTAINTY
    doubtful |= is_open & (baseline.answer == baseline.classes[-1])
    doubtful |= at_risk & (called != (chance >= EVEN))
    named = states_from_grades(baseline.answer, grade, int(grades.max()))
    states = np.where(doubtful, Progression.UNDETERMINED.value, named)
    return FromModel(Answers(Source.MODEL, grade, called, chance), states)


def tabulate(
    predictions: Predictions, said: Names, by_model: FromModel, resamples: Resamples
) -> Table:
    """Return figures with a reader's and with a grading model's baseline grade, apart.

    Parameters
    ----------
    said : states by the readers' grade
    """
    came = states_that_came(predictions)
    pairs = (
        ("readers", model(predictions), said),
        ("grading model", by_model.answers, by_model.states),
    )
    rows = []
    for name, answers, states in pairs:
        found = draws(predictions, answers, resamples, SHORT)
        named = states != Progression.UNDETERMINED.value
        cells = {"baseline grade by": name} | {m: _text(found[m], m) for m in SHORT}
        cells["undetermined, %"] = _share(~named, np.ones_like(named), resamples)
        cells["right where said, %"] = _share(named & (states == came), named, resamples)
        rows.append(cells)
    caption = (
        "With the readers' baseline grade, and with a grading model's: calls and chances over "
        "all discs, and the states that are said. 95 % patient-bootstrap intervals."
    )
    return Table(f"{predictions.scale.value}-baseline-source", pd.DataFrame(rows), caption)


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_], resamples: Resamples) -> str:
    sums = resamples.sums(np.column_stack([part, whole]))
    found = estimate(ratio(sums[:, 0], sums[:, 1]))
    return with_interval(found.value, found.low, found.high, PERCENT)


def _text(figures: NDArray[np.float64], measure: str) -> str:
    found = estimate(figures)
    return with_interval(found.value, found.low, found.high, style_of(measure))
