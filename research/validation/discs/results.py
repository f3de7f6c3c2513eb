"""What the report is made from, and everything that is measured for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from research.estimators.discs.evaluation import Evaluation, evaluate
from research.estimators.discs.joint import Fit, fit_of_joint
from research.estimators.discs.predictions import (
    Predictions,
    predictions_file,
    read_predictions,
    require_both_in_each_fold,
)
from research.estimators.discs.published import PUBLISHED
from research.estimators.discs.real_gradings import RealGradings, real_gradings
from research.estimators.discs.resampling import RESAMPLES
from research.measurements import Data, Measurement
from research.validation.discs.oracle import ORACLE_FILE, Skill, read_oracle, skill
from research.validation.discs.targets import (
    figure_rows,
    joint_rows,
    population_rows,
    real_rows,
    skill_rows,
)
from research.validation.discs.visibility import World
from spine.anatomy.grades import Scale


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the report is made from.

    Attributes
    ----------
    run : folder of ``predictions-<scale>.csv`` and, for the real patients,
        ``real-grading-<scale>.csv``
    oracle : the virtual cohort's ``oracle.csv``; None for discs of real people
    cohort : folder whose cut regions the examples are taken from
    others : runs that were trained otherwise on the same discs
    worlds : runs on virtual cohorts of which the image shows less or more
    finetuned : folder of finetuned runs, each named by how many patients it learned from
    real_data : the 24 real patients
    data : what the run's discs are
    resamples : draws of patients behind every interval of the run's discs
    """

    run: Path
    oracle: Path | None = None
    cohort: Path | None = None
    others: Sequence[Path] = ()
    worlds: Sequence[World] = ()
    finetuned: Path | None = None
    real_data: Path | None = None
    data: Data = Data.SYNTHETIC
    seed: int = 0
    resamples: int = RESAMPLES


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What was measured, for the page."""

    evaluations: Mapping[Scale, Evaluation]
    skills: Mapping[Scale, Skill]
    fits: Mapping[Scale, Fit]
    gradings: RealGradings
    rows: Sequence[Measurement]


def measure(inputs: Inputs) -> Results:
    """Read the run and measure everything.

    Raises
    ------
    PredictionsError
        If a file cannot be used; names the rows.
    FileNotFoundError
        If no scale has predictions.
    """
    studies = _studies(inputs.run)
    rng = np.random.default_rng(inputs.seed)
    oracle = _oracle_file(inputs.oracle)
    evaluations, skills, fits = {}, {}, {}
    for scale, predictions in studies.items():
        further = [] if oracle is None else [read_oracle(oracle, predictions)]
        evaluations[scale] = evaluate(predictions, further, rng, resamples=inputs.resamples)
        if oracle is not None:
            skills[scale] = skill(evaluations[scale])
            fits[scale] = fit_of_joint(predictions, PUBLISHED[scale].joint)
    gradings = RealGradings()
    if inputs.real_data is not None:
        gradings = real_gradings(inputs.run, inputs.real_data, rng)
    rows = [*real_rows(gradings), *figure_rows(evaluations, inputs.data)]
    if inputs.data is Data.SYNTHETIC:
        rows = [*_virtual_rows(evaluations, skills, fits), *rows]
    return Results(evaluations, skills, fits, gradings, rows)


def _virtual_rows(
    evaluations: Mapping[Scale, Evaluation],
    skills: Mapping[Scale, Skill],
    fits: Mapping[Scale, Fit],
) -> list[Measurement]:
    """Return what can be held against the world that the discs come from."""
    sizes = {scale: len(one.predictions) for scale, one in evaluations.items()}
    return [
        *skill_rows(skills, sizes),
        *population_rows(),
        *joint_rows(fits, sizes),
    ]


def _studies(run: Path) -> dict[Scale, Predictions]:
    """Read every scale that the run has."""
    found = {}
    for scale in Scale:
        path = run / predictions_file(scale)
        if path.is_file():
            found[scale] = read_predictions(path, scale)
            require_both_in_each_fold(found[scale], path)
    if not found:
        raise FileNotFoundError(f"{run}: no {predictions_file(Scale.PFIRRMANN)} or its like")
    return found


def _oracle_file(path: Path | None) -> Path | None:
    """Take a cohort's folder for its file."""
    return path / ORACLE_FILE if path is not None and path.is_dir() else path
