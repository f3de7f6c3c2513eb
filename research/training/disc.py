"""Training and evaluating the disc progression networks (P2)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from research.cohort import SubjectRecord, read_images, read_records, split_by_subject
from research.export import data_of, summary, write_model
from research.training import metrics
from research.training.examples import ArrayExamples
from research.training.loop import Task, TrainingSettings, begin_with, fit, predict
from spine.anatomy.grades import Scale
from spine.anatomy.labels import classes_from_labels
from spine.anatomy.levels import DiscLevel
from spine.errors import OutOfFieldError
from spine.imaging.volume import LabelMap
from spine.inference.cards import Metric
from spine.inference.models import disc_name
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network
from spine.networks.vgg_m import NARROW, VGGM, VGGMWidths
from spine.preprocessing.disc import DiscSpec, disc_input
from spine.segmentation.canal import guide_from_classes
from spine.segmentation.geometry import measure

DATA_DESCRIPTION = (
    "Synthetic sagittal T2 phantoms of 25 to 84 years with the grades of the same subject "
    "five years later, regions measured on the true labels."
)
# P2's appendix is not public: these are ours (docs/adr/0022).
SETTINGS = TrainingSettings(
    epochs=12, learning_rate=3e-4, weight_decay=1e-4, batch_size=16, plateau_patience=3
)


@dataclass(frozen=True, slots=True)
class DiscRun:
    """Where checkpoints are kept.

    Attributes
    ----------
    start : an earlier run whose best weights to begin with; None to begin anew
    """

    folder: Path
    start: Path | None = None

    def of(self, scale: Scale) -> "DiscRun":
        """Return one scale's part."""
        start = None if self.start is None else self.start / scale.value
        return DiscRun(self.folder / scale.value, start)


@dataclass(frozen=True, slots=True, eq=False)
class DiscExamples:
    """Regions of lumbar discs and their grades.

    Attributes
    ----------
    inputs : shape (discs, slices, rows, columns)
    grades : per scale (baseline, follow-up), shape (discs, 2)
    """

    inputs: NDArray[np.float32]
    grades: dict[Scale, NDArray[np.int64]]

    def targets(self, scale: Scale) -> ArrayExamples:
        """Return follow-up grades as class numbers from 0."""
        return ArrayExamples(self.inputs, self.grades[scale][:, 1] - int(min(scale.grades)))


@dataclass(frozen=True, slots=True, eq=False)
class DiscResult:
    """A trained network and its figures on the test part."""

    network: VGGM
    metrics: tuple[Metric, ...]


def export_discs(
    cohort: Path, run: DiscRun, models: Path, scales: Sequence[Scale], settings: TrainingSettings
) -> Iterator[str]:
    """Train, test and write the model of each scale; yield a summary of each in one line."""
    split = split_by_subject(read_records(cohort), settings.seed, 0.125, 0.125)
    subjects = split.training, split.validation, split.test
    training, validation, test = (disc_examples(cohort, part) for part in subjects)
    for scale in scales:
        parts = training, validation, test
        result = train_disc(scale, parts, settings, run.of(scale))
        card_sha256 = write_model(
            models,
            {WEIGHTS_FILE: bytes_from_network(result.network)},
            name=disc_name(scale),
            version="0.1.0",
            input=asdict(DiscSpec(scale)),
            widths=asdict(NARROW),
            data=data_of(DATA_DESCRIPTION, *(len(part) for part in subjects)),
            metrics=result.metrics,
        )
        yield summary(disc_name(scale), card_sha256, result.metrics)


def disc_examples(cohort: Path, records: tuple[SubjectRecord, ...]) -> DiscExamples:
    """Cut every lumbar disc with grades, measured on the labels exactly as in the service.

    The region does not depend on the scale, so one set serves all three networks.
    """
    found = [
        example
        for record in tqdm(records, desc="discs", mininterval=5)
        for example in _discs_of(cohort, record)
    ]
    inputs = np.stack([region for region, _ in found])
    grades = {scale: np.array([pairs[scale] for _, pairs in found]) for scale in Scale}
    return DiscExamples(inputs, grades)


def train_disc(
    scale: Scale,
    parts: tuple[DiscExamples, DiscExamples, DiscExamples],
    settings: TrainingSettings,
    run: DiscRun,
    widths: VGGMWidths = NARROW,
) -> DiscResult:
    """Train the network of one scale on (training, validation, test) parts, and test it."""
    training, validation, test = parts
    spec = DiscSpec(scale)
    torch.manual_seed(settings.seed)
    network = VGGM(spec.network_shape, len(scale.grades), widths)
    begin_with(network, run.start)
    task = Task(
        network,
        torch.nn.CrossEntropyLoss(),
        training.targets(scale),
        validation.targets(scale),
        augment_region,
    )
    fit(task, settings, run.folder)
    return DiscResult(network, evaluate_disc(network, scale, training, test))


def evaluate_disc(
    network: VGGM, scale: Scale, training: DiscExamples, test: DiscExamples
) -> tuple[Metric, ...]:
    """Measure the network on the test part, beside what the baseline grade alone gives."""
    grades = np.array([int(grade) for grade in scale.grades])
    probabilities = scipy.special.softmax(predict(network, test.targets(scale), 16), axis=1)
    pairs = test.grades[scale]
    above = grades[None] > pairs[:, :1]
    by_network = _Answers(grades[probabilities.argmax(axis=1)], (probabilities * above).sum(axis=1))
    return (
        *_figures("network", pairs, by_network),
        *_figures("baseline grade alone", pairs, _from_baseline(training.grades[scale], pairs)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """Follow-up grade and chance of progression of each disc."""

    grades: NDArray[np.int64]
    chances: NDArray[np.float64]


def _from_baseline(known: NDArray[np.int64], pairs: NDArray[np.int64]) -> _Answers:
    """Answer from the training part's frequencies at the same baseline grade."""
    grades = metrics.most_frequent_followup(known[:, 0], known[:, 1], pairs[:, 0])
    progressed = known[:, 1] > known[:, 0]
    shares = {grade: progressed[known[:, 0] == grade].mean() for grade in np.unique(known[:, 0])}
    return _Answers(grades, np.array([shares.get(grade, 0.0) for grade in pairs[:, 0]]))


def augment_region(region: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Shift a region by up to four voxels, mirror it left to right, change its contrast."""
    shift = [int(value) for value in rng.integers(-4, 5, size=2)]
    # axes: slices, rows, columns
    moved = torch.roll(region, shift, dims=(1, 2))
    if rng.random() < 0.5:
        moved = moved.flip(0)
    gain, offset = rng.uniform(0.9, 1.1), rng.uniform(-0.1, 0.1)
    return moved * gain + offset


def _discs_of(
    cohort: Path, record: SubjectRecord
) -> Iterator[tuple[NDArray[np.float32], dict[Scale, tuple[int, int]]]]:
    volume, labels = read_images(cohort, record)
    classes = LabelMap(classes_from_labels(labels.data), labels.affine)
    geometry = measure(labels, guide_from_classes(classes))
    for level, pairs in record.grades.items():
        disc = geometry.disc(DiscLevel(level))
        if disc is None or not level.is_lumbar:
            continue
        try:
            region = disc_input(
                volume, disc.frame, geometry.mean_width_mm, DiscSpec(Scale.PFIRRMANN)
            )
        except OutOfFieldError:
            continue
        yield region, dict(pairs)


def _figures(how: str, pairs: NDArray[np.int64], answers: _Answers) -> tuple[Metric, ...]:
    baseline, followup = pairs.T
    scores = metrics.progression_scores(baseline, followup, answers.grades)
    values = {
        "follow-up grade accuracy": float((answers.grades == followup).mean()),
        "progression accuracy": scores.accuracy,
        "progression F1": scores.f1,
        "progression AUC": metrics.area_under_curve(followup > baseline, answers.chances),
    }
    return tuple(
        Metric(name=f"{name}, {how}", value=round(value, 3), unit="1", n=len(pairs),
               data="synthetic")
        for name, value in values.items()
        if np.isfinite(value)
    )  # fmt: skip
