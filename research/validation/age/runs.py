"""Runs of the ablations: what each learned from, and what it said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from research.age_answers import PREDICTIONS_FILE
from research.validation.age.cases import AgeCase, ages, predictions
from research.validation.age.predictions import Predictions, cases_of, read_predictions
from research.worlds.age import Part
from spine.age.bias import fit_bias
from spine.inference.models import BiasLine

RUN_FILE = "run.json"
_LOSSES = ("mse", "smooth-l1")
_REGIONS = ("whole", "cervical", "thoracic", "lumbar")


class RunError(ValueError):
    """A folder that is no whole run; says which and why."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """How a network was trained.

    Attributes
    ----------
    subjects : learned from, those of the validation loss not counted
    loss : ``"mse"`` or ``"smooth-l1"``
    region : what the mask left: ``"whole"``, ``"cervical"``, ``"thoracic"`` or ``"lumbar"``
    spacing_mm : in plane
    epochs : passes over the training part
    seconds : of wall time
    device : that it was trained on
    """

    subjects: int
    loss: str
    region: str
    spacing_mm: float
    epochs: int
    seconds: float
    device: str


@dataclass(frozen=True, slots=True)
class Run:
    """A network's answers; `facts` is None where nobody wrote them down."""

    name: str
    facts: RunFacts | None
    predictions: Predictions

    @property
    def line(self) -> BiasLine:
        """Equation 2 of P1, on the run's own bias part."""
        return line_of(self.predictions)


def line_of(predicted: Predictions) -> BiasLine:
    """Fit the bias line on the bias part.

    Raises
    ------
    RunError
        If that part is too small.
    """
    cases: Sequence[AgeCase] = cases_of(predicted, Part.BIAS)
    try:
        return fit_bias(ages(cases), predictions(cases))
    except ValueError as error:
        raise RunError(f"part {Part.BIAS.value}: {error}") from None


def read_run(predictions_file: Path) -> Run:
    """Read one run by its table; the facts lie beside it, if anywhere."""
    facts = predictions_file.parent / RUN_FILE
    return Run(
        predictions_file.parent.name,
        _facts(facts) if facts.exists() else None,
        read_predictions(predictions_file),
    )


def read_runs(folder: Path) -> tuple[Run, ...]:
    """Read every run below a folder, by name; a folder without a table is not yet done."""
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder")
    return tuple(read_run(path) for path in sorted(folder.glob(f"*/{PREDICTIONS_FILE}")))


def _facts(path: Path) -> RunFacts:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise RunError(f"{path}: no JSON") from None
    names = [field.name for field in fields(RunFacts)]
    lacking = [name for name in names if name not in content]
    if lacking:
        raise RunError(f"{path}: lacks {', '.join(lacking)}")
    found = RunFacts(**{name: content[name] for name in names})
    faults = _faults(found)
    if faults:
        raise RunError(f"{path}: {'; '.join(faults)}")
    return found


def _faults(facts: RunFacts) -> list[str]:
    numbers: dict[str, Any] = {
        name: getattr(facts, name) for name in ("subjects", "spacing_mm", "epochs", "seconds")
    }
    faults = [
        f"'{name}' is no positive number"
        for name, value in numbers.items()
        if not isinstance(value, int | float) or not np.isfinite(value) or value <= 0
    ]
    for name, known in (("loss", _LOSSES), ("region", _REGIONS)):
        if getattr(facts, name) not in known:
            faults.append(f"'{name}' is none of {', '.join(known)}")
    return faults
