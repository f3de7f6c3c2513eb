"""Finetuning shipped progression networks on a site's follow-ups, with a learning curve (P2).

"A well-trained CNN model still requires several hundreds of labelled follow-up MRI for
finetuning" (P2, Discussion): the curve says how many this site needs.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.followups import Followup
from research.training.discs.figures import Answers, scores
from research.training.discs.fit_settings import FitSettings
from research.training.discs.folds import Parts, parts_of_all
from research.training.discs.plans import Computer, Measured, ProgressionPlan, keep_plan
from research.training.discs.predictions import predictions_of, predictions_path, write_predictions
from research.training.discs.progression import FollowedDiscs, open_cohort
from research.training.discs.scale_trainer import ALL_FOLDER, ScaleTrainer
from research.training.discs.starts import read_shipped
from spine.anatomy.grades import Scale
from spine.inference.models import disc_name

SETTINGS = FitSettings(epochs=12, learning_rate=1e-4, batch_size=16)
_TEST_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Figures on the site's test patients after learning from so many others.

    Attributes
    ----------
    patients : learned from, the inner validation part among them; 0 is the model as shipped
    begun : "shipped" or "anew": what training began with
    """

    patients: int
    begun: str
    figures: dict[str, float]


def finetune_progression(
    cohort: Path,
    run: Path,
    models: Path,
    scales: Sequence[Scale],
    sizes: Sequence[int],
    computer: Computer,
    settings: FitSettings = SETTINGS,
) -> Iterator[str]:
    """Finetune each scale on growing groups of patients and measure each on the same others.

    Writes ``learning-curve-<scale>.csv``; for every size ``<patients>/predictions-<scale>.csv``
    of the test patients, 0 being the model as shipped, for `report disc-progression`; and the
    network of the largest group with its predictions, for `export progression`.

    Parameters
    ----------
    models : folder of all models; of each scale the shipped network is begun with
    sizes : of the groups in patients; all but the test patients are added as the largest
    """
    plan = ProgressionPlan(settings=settings, measured=Measured.HELD_OUT)
    keep_plan(run, plan)
    known = open_cohort(cohort, plan, computer, leave_out=False)
    for scale in scales:
        points = list(_curve(known, run, models, scale, plan, sizes))
        _write_curve(run / f"learning-curve-{scale.value}.csv", points)
        best = points[-1].figures
        yield f"{scale.value}: AUC {points[0].figures['progression AUC']:.3f} as shipped, " + (
            f"{best['progression AUC']:.3f} after {points[-1].patients} patients"
        )


def _curve(
    known: FollowedDiscs,
    run: Path,
    models: Path,
    scale: Scale,
    plan: ProgressionPlan,
    sizes: Sequence[int],
) -> Iterator[CurvePoint]:
    shipped = known.trainer(scale, plan, read_shipped(models, disc_name(scale)))
    learners, test = _divide(shipped.rows, plan.settings.seed)
    untrained = shipped.logits(shipped.begin(), test), 1.0
    yield _point(0, "shipped", shipped, untrained, test)
    _write(run / "0", shipped, test, untrained)
    for size in sorted({size for size in sizes if size < len(learners)} | {len(learners)}):
        group = _parts(shipped.rows, set(learners[:size]), test, plan.settings.seed)
        anew = replace(shipped, start=None)
        found = anew.train(group, run / scale.value / f"anew-{size}")
        yield _point(size, "anew", anew, found, test)
        place = ALL_FOLDER if size == len(learners) else f"shipped-{size}"
        found = shipped.train(group, run / scale.value / place)
        yield _point(size, "shipped", shipped, found, test)
        _write(run / str(size), shipped, test, found)
    _write(run, shipped, test, found)


def _write(
    folder: Path,
    trainer: ScaleTrainer[Followup],
    test: NDArray[np.int64],
    found: tuple[NDArray[np.float32], float],
) -> None:
    """Write what a network says of the test patients, who make up one fold."""
    folder.mkdir(parents=True, exist_ok=True)
    nobody = np.empty(0, np.int64)
    answers = [(Parts(0, nobody, nobody, test), *found)]
    write_predictions(predictions_path(folder, trainer.scale), trainer.rows, answers)


def _divide(rows: Sequence[Followup], seed: int) -> tuple[list[str], NDArray[np.int64]]:
    """Return patients to learn from in random order, and the rows of the others."""
    patients = sorted({row.patient_id for row in rows})
    order = [
        patients[int(place)]
        for place in np.random.default_rng([seed, 34]).permutation(len(patients))
    ]
    tested = set(order[: max(1, round(_TEST_SHARE * len(order)))])
    learners = [patient for patient in order if patient not in tested]
    return learners, np.flatnonzero([row.patient_id in tested for row in rows])


def _parts(rows: Sequence[Followup], group: set[str], test: NDArray[np.int64], seed: int) -> Parts:
    """Part a group into training and inner validation; positions are those in all rows."""
    places = np.flatnonzero([row.patient_id in group for row in rows])
    inner = parts_of_all([rows[int(place)] for place in places], seed)
    return Parts(None, places[inner.training], places[inner.validation], test)


def _point(
    patients: int,
    begun: str,
    trainer: ScaleTrainer[Followup],
    found: tuple[NDArray[np.float32], float],
    test: NDArray[np.int64],
) -> CurvePoint:
    rows = [trainer.rows[int(place)] for place in test]
    said = predictions_of(trainer.scale, rows, *found)
    figures = dict(scores(said, Answers(said.predicted, said.progress)))
    return CurvePoint(patients, begun, figures)


def _write_curve(path: Path, points: Sequence[CurvePoint]) -> None:
    names = list(points[0].figures)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["patients", "begun", *names])
        for point in points:
            values = [f"{point.figures[name]:.4f}" for name in names]
            writer.writerow([point.patients, point.begun, *values])
