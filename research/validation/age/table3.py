"""P1's Table 3: data size, loss and regions beside the whole model, each with its printed line."""

from collections.abc import Sequence

import pandas as pd

from research.measurements import Data, Measurement
from research.training.metrics import (
    mean_absolute_error,
    r_squared,
    weighted_mean_absolute_error,
)
from research.validation.age.cases import AgeCase, ages, predictions
from research.validation.age.predictions import cases_of
from research.validation.age.printed import TABLE_3, Accuracy, PrintedModel, counterpart
from research.validation.age.runs import Run
from research.worlds.age import Part
from spine.inference.models import BiasLine

_HOW = ("uncorrected", "corrected")
PRINTED_COLUMNS = tuple(f"P1 {how}: {name}" for how in _HOW for name in ("MAE", "R2", "WMAE"))
_LEAST_CASES = 2


def accuracy_of(cases: Sequence[AgeCase], line: BiasLine | None) -> Accuracy | None:
    """Measure cases, bias-corrected with a line; None with fewer than two."""
    if len(cases) < _LEAST_CASES:
        return None
    truth, said = ages(cases), predictions(cases, line)
    return Accuracy(
        mean_absolute_error(truth, said),
        r_squared(truth, said),
        weighted_mean_absolute_error(truth, said),
    )


def table_3(main: Run, others: Sequence[Run]) -> pd.DataFrame:
    """Return a line a run on the test part, in P1's order, and P1's numbers in each line.

    Each run is corrected by the line of its own bias part. Lines of P1 that no run answers to
    stand without figures.
    """
    runs = [*others, main]
    lines = []
    for printed in TABLE_3:
        answering = [run for run in runs if counterpart(run.facts) is printed]
        lines += [_line(printed, run) for run in answering] or [_line(printed, None)]
    return pd.DataFrame(lines)


def table_3_rows(runs: Sequence[Run], data: Data) -> list[Measurement]:
    """Return the figures of every ablation, for the record."""
    return [
        Measurement(f"run {run.name}: {name}, {how}", value, unit, data, len(cases))
        for run in runs
        for cases in [cases_of(run.predictions, Part.TEST)]
        for how, found in zip(_HOW, _both(run), strict=True)
        for name, value, unit in _values(found)
    ]


def _line(printed: PrintedModel, run: Run | None) -> dict[str, object]:
    facts = None if run is None else run.facts
    line: dict[str, object] = {
        "group": printed.group,
        "model": printed.name,
        "run": None if run is None else run.name,
        "subjects": None if facts is None else facts.subjects,
        "spacing, mm": None if facts is None else facts.spacing_mm,
        "epochs": None if facts is None else facts.epochs,
        "n": None if run is None else len(cases_of(run.predictions, Part.TEST)),
        "bias slope": None if run is None else run.line.slope,
    }
    measured = (None, None) if run is None else _both(run)
    for how, found in zip(_HOW, measured, strict=True):
        line |= {f"{how}: {name}": value for name, value, _ in _values(found)}
    for how, told in zip(_HOW, (printed.uncorrected, printed.corrected), strict=True):
        line |= {f"P1 {how}: {name}": value for name, value, _ in _values(told)}
    return line


def _both(run: Run) -> tuple[Accuracy | None, Accuracy | None]:
    cases = cases_of(run.predictions, Part.TEST)
    return accuracy_of(cases, None), accuracy_of(cases, run.line)


def _values(found: Accuracy | None) -> tuple[tuple[str, float | None, str], ...]:
    if found is None:
        return (("MAE", None, "years"), ("R2", None, "1"), ("WMAE", None, "years"))
    return (
        ("MAE", found.mae, "years"),
        ("R2", found.r2, "1"),
        ("WMAE", found.wmae, "years"),
    )
