"""What networks say of discs that they did not learn from, as one CSV file a scale."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.followups import Followup
from research.training.discs.calibration import probabilities
from research.training.discs.folds import Parts
from research.training.discs.graded_regions import GradedDisc
from research.training.discs.plans import Target
from spine.anatomy.grades import Scale

_FACTS = ("sex", "age_years", "bmi", "institution", "baseline", "followup")


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The out-of-fold answers on one scale.

    Attributes
    ----------
    patients, folds, baseline, followup : shape (discs,)
    chances : calibrated, shape (discs, grades)
    """

    scale: Scale
    patients: NDArray[np.str_]
    folds: NDArray[np.int64]
    baseline: NDArray[np.int64]
    followup: NDArray[np.int64]
    chances: NDArray[np.float64]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest grade of each disc (P2)."""
        return np.asarray(self.chances.argmax(axis=1) + int(min(self.scale.grades)))

    @property
    def progress(self) -> NDArray[np.float64]:
        """Probability of each disc to lie above its baseline grade."""
        grades = np.array([int(grade) for grade in self.scale.grades])
        return np.asarray((self.chances * (grades > self.baseline[:, None])).sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Gradings:
    """The out-of-fold answers of a scale's grading models, as classes from 0.

    Attributes
    ----------
    truth, answers : shape (discs,)
    patients : how many people the discs are of
    """

    truth: NDArray[np.int64]
    answers: NDArray[np.int64]
    patients: int


def predictions_of(
    scale: Scale, rows: Sequence[Followup], logits: NDArray[np.float32], temperature: float
) -> Predictions:
    """Put logits of some rows beside what became of the discs; all in fold 0."""
    return Predictions(
        scale=scale,
        patients=np.array([row.patient_id for row in rows]),
        folds=np.zeros(len(rows), np.int64),
        baseline=np.array([row.baseline for row in rows], np.int64),
        followup=np.array([row.followup for row in rows], np.int64),
        chances=probabilities(logits, temperature),
    )


def predictions_path(run: Path, scale: Scale) -> Path:
    """Return where what a run's progression networks say lies."""
    return run / f"predictions-{scale.value}.csv"


def grading_path(run: Path, scale: Scale) -> Path:
    """Return where what a run's grading networks say of phantoms lies."""
    return run / f"grading-{scale.value}.csv"


def write_predictions(
    path: Path,
    rows: Sequence[Followup],
    found: Sequence[tuple[Parts, NDArray[np.float32], float]],
) -> None:
    """Write every tested disc: p0 and on with the temperature, q0 and on without.

    Parameters
    ----------
    found : per fold its parts, the logits of its test part, and its temperature
    """
    answers = found[0][1].shape[1]
    names = [f"{letter}{number}" for letter in "pq" for number in range(answers)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["patient_id", "level", "scale", "fold", *_FACTS, *names])
        for parts, logits, temperature in found:
            both = np.hstack([probabilities(logits, temperature), probabilities(logits)])
            for position, chances in zip(parts.test, both, strict=True):
                row = rows[position]
                facts = [getattr(row, name) for name in _FACTS]
                values = [f"{chance:.6f}" for chance in chances]
                named = row.patient_id, row.level, row.scale, parts.number
                writer.writerow([*named, *facts, *values])


def write_gradings(
    path: Path,
    discs: Sequence[GradedDisc],
    found: Sequence[tuple[Parts, NDArray[np.float32], float]],
) -> None:
    """Write what networks say of tested graded discs: p0 and on with the temperature."""
    answers = found[0][1].shape[1]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [f"p{number}" for number in range(answers)]
        writer.writerow(["patient_id", "level", "fold", "grade", *names])
        for parts, logits, temperature in found:
            for position, chances in zip(
                parts.test, probabilities(logits, temperature), strict=True
            ):
                disc = discs[position]
                values = [f"{chance:.6f}" for chance in chances]
                writer.writerow([disc.patient_id, disc.level, disc.fold, disc.grade, *values])


def read_predictions(run: Path, scale: Scale) -> Predictions:
    """Read what `write_predictions` wrote."""
    with predictions_path(run, scale).open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [f"p{number}" for number in range(len(scale.grades))]
    return Predictions(
        scale=scale,
        patients=np.array([row["patient_id"] for row in rows]),
        folds=np.array([int(row["fold"]) for row in rows]),
        baseline=np.array([int(row["baseline"]) for row in rows]),
        followup=np.array([int(row["followup"]) for row in rows]),
        chances=np.array([[float(row[name]) for name in columns] for row in rows]),
    )


def read_gradings(path: Path, scale: Scale) -> Gradings:
    """Read what was written of grading models, of a cohort or of a readers' data set."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    classes = Target.BASELINE.classes(scale)
    place = {grade: number for number, one in enumerate(classes) for grade in one}
    columns = [f"p{number}" for number in range(len(classes))]
    chances = np.array([[float(row[name]) for name in columns] for row in rows])
    return Gradings(
        truth=np.array([place[int(row["grade"])] for row in rows]),
        answers=chances.argmax(axis=1),
        patients=len({row["patient_id"] for row in rows}),
    )
