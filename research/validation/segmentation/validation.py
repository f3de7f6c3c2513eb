"""``python -m research validate segmentation``: everything that is said of the model."""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from research.measurements import Data, Measurement, write_measurements
from research.validation.segmentation.models import read_unapproved
from research.validation.segmentation.page import page
from research.validation.segmentation.patients import (
    GROUP,
    TARGETS,
    PatientResult,
    rows,
    validate_patients,
)
from research.validation.segmentation.phantoms import validate_phantoms

COMMAND = "validate-segmentation"
_NO_PATIENTS = Measurement(f"{GROUP}: cases", None, "cases", Data.REAL, 0, TARGETS.cases)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is measured on.

    Attributes
    ----------
    cohort : rendered, of subjects that no training has seen
    folds : exported folds, see `validate_patients`
    real_data : None where it is not at hand
    """

    cohort: Path
    folds: Path
    real_data: Path | None


def validate(models: Path, inputs: Inputs, build: Path = Path("build")) -> list[Measurement]:
    """Measure, and write ``build/validate-segmentation.json`` and a page of it beside.

    Phantoms and patients are measured side by side, in a process each.
    """
    begin = time.monotonic()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        synthetic = beside.submit(_validate_phantoms, inputs.cohort, models)
        patients = _patients(inputs, build / COMMAND)
        real = rows(patients) if patients else [_NO_PATIENTS]
        results = [*real, *synthetic.result()]
    write_measurements(COMMAND, time.monotonic() - begin, results, build)
    (build / f"{COMMAND}.md").write_text(page(results, patients))
    return results


def _validate_phantoms(cohort: Path, models: Path) -> list[Measurement]:
    return validate_phantoms(cohort, read_unapproved(models))


def _patients(inputs: Inputs, pictures: Path) -> list[PatientResult]:
    if inputs.real_data is None:
        return []
    return validate_patients(inputs.real_data, inputs.folds, pictures)
