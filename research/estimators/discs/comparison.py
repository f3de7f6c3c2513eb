"""Runs that were trained otherwise, on the discs that all of them answered for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from research.estimators.discs.answers import model
from research.estimators.discs.faults import PredictionsError
from research.estimators.discs.figures import SHORT, draws
from research.estimators.discs.predictions import Predictions, predictions_file, read_predictions
from research.estimators.discs.resampling import estimate, resample_patients
from research.estimators.discs.wording import style_of, with_interval
from research.pages import Table
from spine.anatomy.grades import Scale

# What `train progression` writes of how it trained.
PLAN_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run was trained, as far as it is compared."""

    balance: str = "plain"
    widths: str = "narrow"
    swap_axes: bool = False

    @property
    def name(self) -> str:
        """Say what is unlike the run that ships."""
        parts = [
            "" if self.balance == "plain" else self.balance,
            "" if self.widths == "narrow" else f"{self.widths} widths",
            "swapped axes" if self.swap_axes else "",
        ]
        return ", ".join(part for part in parts if part) or "plain, narrow"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question, and the plans that answer it beside the run itself."""

    name: str
    question: str
    plans: tuple[Plan, ...]


COMPARISONS = (
    Comparison(
        "balance",
        "What is done about rare grades: weighted loss, over- and under-sampling, SMOTE on the "
        "penultimate features of the training folds.",
        tuple(Plan(balance=name) for name in ("weighted", "over", "under", "smote")),
    ),
    Comparison("widths", "The published widths of VGG-M.", (Plan(widths="published"),)),
    Comparison("axes", "The region with its lengths swapped.", (Plan(swap_axes=True),)),
)


def read_plan(run: Path) -> Plan:
    """Read how a run was trained; a run without a plan is taken for plain."""
    path = run / PLAN_FILE
    if not path.is_file():
        return Plan()
    try:
        content = json.loads(path.read_text())
        return Plan(
            str(content.get("balance", "plain")),
            str(content.get("widths", "narrow")),
            bool(content.get("swap_axes", False)),
        )
    except (ValueError, AttributeError) as error:
        raise PredictionsError(f"{run.name}/{PLAN_FILE}: cannot be read") from error


def compare(
    comparison: Comparison, run: Path, others: Sequence[Path], rng: np.random.Generator
) -> tuple[Table | None, list[str]]:
    """Return the table of one comparison, and what is missing from it.

    Every row is on the discs that the run and the other one share, since a trial may have been
    trained on one fold alone; the difference is of the same draws of patients.
    """
    plans = {read_plan(other): other for other in others}
    rows, missing = [], []
    for plan in comparison.plans:
        for scale in Scale:
            name = predictions_file(scale)
            folder = plans.get(plan)
            if folder is None or not (folder / name).is_file() or not (run / name).is_file():
                missing.append(f"{plan.name}, {scale.value}")
                continue
            own, other = shared(
                read_predictions(run / name, scale), read_predictions(folder / name, scale)
            )
            rows += _rows(plan.name, own, other, rng)
    if not rows:
        return None, missing
    caption = (
        f"{comparison.question} Accuracy and F1 in percent, and the other run less this one, on "
        "the discs of both, with 95 % patient-bootstrap intervals."
    )
    return Table(f"comparison-{comparison.name}", pd.DataFrame(rows), caption), missing


def shared(first: Predictions, second: Predictions) -> tuple[Predictions, Predictions]:
    """Return the discs that two runs of one cohort both answered for, in one order.

    Raises
    ------
    PredictionsError
        If they share none, or one of them was graded otherwise.
    """
    places = [
        {disc: number for number, disc in enumerate(zip(run.patient, run.level, strict=True))}
        for run in (first, second)
    ]
    both = sorted(places[0].keys() & places[1].keys())
    if not both:
        raise PredictionsError("two runs to compare share no disc")
    one, two = (
        run.of(np.array([place[disc] for disc in both]))
        for run, place in zip((first, second), places, strict=True)
    )
    if (one.baseline != two.baseline).any() or (one.followup != two.followup).any():
        raise PredictionsError("two runs to compare differ in the grades of a disc")
    return one, two


def _rows(
    name: str, own: Predictions, other: Predictions, rng: np.random.Generator
) -> list[dict[str, object]]:
    resamples = resample_patients(own.patient, rng)
    ours, theirs = (draws(run, model(run), resamples, SHORT) for run in (own, other))
    named = {"scale": own.scale.value, "discs": len(own), "folds": len(np.unique(own.fold))}
    rows: list[dict[str, object]] = []
    for run, found in (("this run", ours), (name, theirs)):
        rows.append({**named, "run": run, **{m: _text(found[m], m) for m in SHORT}})
    difference = {m: _text(theirs[m] - ours[m], m) for m in SHORT}
    rows.append({**named, "run": "difference", **difference})
    return rows


def _text(figures: np.ndarray, measure: str) -> str:
    found = estimate(figures)
    return with_interval(found.value, found.low, found.high, style_of(measure))
