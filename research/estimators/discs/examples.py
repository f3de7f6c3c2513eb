"""Regions of discs to look at, chosen by what became of them (P2, Figure 1)."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from research.estimators.discs.answers import Answers
from research.estimators.discs.predictions import Predictions
from research.pages import Picture
from spine.anatomy.grades import Scale

Region = NDArray[np.floating]
"""Shape (slices, rows, columns); superior row and anterior column first."""
Regions = Mapping[tuple[str, str], Region]
"""By patient and level."""
Answered = Mapping[Scale, tuple[Predictions, Answers]]

# What `train progression` keeps beside a cohort: an array, and which disc each entry is.
REGIONS_FILE = "regions-1.5x2x4mm.npy"
_COLUMNS = 4
_OUTCOMES = ("progression, found", "no progression, found", "called too much", "missed")


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One disc's picture and the lines below it."""

    title: str
    region: Region
    lines: Sequence[str]


def read_regions(cohort: Path) -> dict[tuple[str, str], Region]:
    """Return the regions that were cut for training, as a memory map; none if there are none."""
    path = cohort / REGIONS_FILE
    if not path.is_file():
        return {}
    inputs = np.load(path, mmap_mode="r")
    with path.with_suffix(".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["patient_id"], row["level"]): inputs[number]
        for number, row in enumerate(rows)
        if row["cut"] == "1"
    }


def one_patient(answered: Answered, regions: Regions) -> list[Example]:
    """Return all discs of the patient with the most kinds of change, as P2's Figure 1 shows one.

    Every example names, a scale, the baseline, predicted and true grade.
    """
    predictions = next(iter(answered.values()))[0]
    pictured = [disc in regions for disc in _discs(predictions)]
    patients = np.unique(predictions.patient[pictured])
    if not len(patients):
        return []
    chosen = max(patients.tolist(), key=lambda name: _kinds(answered, name))
    return [
        Example(level, regions[chosen, level], _all_lines(answered, chosen, level))
        for level in sorted(set(predictions.level[predictions.patient == chosen].tolist()))
        if (chosen, level) in regions
    ]


def of_each_outcome(
    predictions: Predictions, answers: Answers, regions: Regions, rng: np.random.Generator
) -> list[Example]:
    """Return one disc drawn from each of the true and false positives and negatives."""
    pictured = np.array([disc in regions for disc in _discs(predictions)], dtype=bool)
    truth, called = predictions.progressed, answers.called
    outcomes = (truth & called, ~truth & ~called, ~truth & called, truth & ~called)
    found = []
    for name, members in zip(_OUTCOMES, outcomes, strict=True):
        places = np.flatnonzero(members & pictured)
        if len(places):
            place = int(rng.choice(places))
            disc = _discs(predictions)[place]
            title = f"{name}: {disc[1]}"
            found.append(Example(title, regions[disc], [_line(predictions, answers, place)]))
    return found


def draw_examples(
    name: str, examples: Sequence[Example], caption: str, columns: int = _COLUMNS
) -> Picture:
    """Draw the middle slice of each region with its lines below."""
    rows = -(-len(examples) // columns)
    figure = Figure(figsize=(3.4 * columns, 3.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, example in zip(panels, examples, strict=False):
        middle = np.asarray(example.region[len(example.region) // 2], dtype=np.float32)
        low, high = np.percentile(middle, (1, 99))
        axes.imshow(middle, cmap="gray", vmin=low, vmax=max(high, low + 1e-6))
        axes.set_title(example.title, fontsize=9)
        axes.text(0.5, -0.03, "\n".join(example.lines), transform=axes.transAxes, fontsize=8,
                  horizontalalignment="center", verticalalignment="top")  # fmt: skip
    alt = "; ".join(f"{one.title}: {', '.join(one.lines)}" for one in examples)
    return Picture(name, figure, alt, caption)


def _discs(predictions: Predictions) -> list[tuple[str, str]]:
    return list(zip(predictions.patient.tolist(), predictions.level.tolist(), strict=True))


def _kinds(answered: Answered, patient: str) -> int:
    """Count the different pairs of true and predicted change among a patient's discs."""
    kinds = set()
    for scale, (predictions, answers) in answered.items():
        own = predictions.patient == patient
        baseline = predictions.baseline[own]
        came = np.sign(predictions.followup[own] - baseline)
        said = np.sign(answers.grade[own] - baseline)
        kinds |= {(scale, *pair) for pair in zip(came.tolist(), said.tolist(), strict=True)}
    return len(kinds)


def _all_lines(answered: Answered, patient: str, level: str) -> list[str]:
    lines = []
    for predictions, answers in answered.values():
        same = (predictions.patient == patient) & (predictions.level == level)
        lines += [_line(predictions, answers, int(place)) for place in np.flatnonzero(same)]
    return lines


def _line(predictions: Predictions, answers: Answers, place: int) -> str:
    return (
        f"{predictions.scale.value} {predictions.baseline[place]}, predicted "
        f"{answers.grade[place]} ({100 * answers.chance[place]:.0f} % progress), "
        f"came {predictions.followup[place]}"
    )
