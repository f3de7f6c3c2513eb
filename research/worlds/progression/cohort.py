"""The virtual cohort as files: images and tables for trainers, the truth apart from them."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from phantom.rendering import Rendering
from research.cohort import IMAGE_FILE, LABELS_FILE
from research.followups import FOLLOWUPS_FILE, Followup, write_followups
from research.processes import each
from research.worlds.progression.images import institution_name, render_baseline, render_followup
from research.worlds.progression.people import People, draw_people
from research.worlds.progression.readers import read_independently
from research.worlds.progression.settings import LEVELS, Visibility
from spine.imaging import nifti

ORACLE_FILE = "oracle.csv"
"""What only the measurements read: the exact chances given all that is visible."""
READERS_FILE = "readers.csv"
FOLLOWUP_IMAGE_FILE, FOLLOWUP_LABELS_FILE = "followup-image.nii", "followup-labels.nii"

_FIRST_DAY = date(2005, 1, 3)
_PARTIAL = ".partial"
_MOST_GRADES = 5


@dataclass(frozen=True, slots=True)
class CohortPlan:
    """What to render.

    Attributes
    ----------
    people : how many; P2 had 1,343
    seed : of everything
    with_followup : also image the second examination, which no training needs
    """

    people: int
    seed: int
    visibility: Visibility = Visibility.STATED
    with_followup: bool = False


def render_progression_cohort(folder: Path, plan: CohortPlan, workers: int) -> None:
    """Write the tables, then render who is missing.

    Raises
    ------
    ValueError
        If the folder holds another cohort.
    """
    folder.mkdir(parents=True, exist_ok=True)
    people = draw_people(plan.people, plan.seed, plan.visibility)
    _write_tables(folder, people)
    missing = [index for index in range(plan.people) if not _is_whole(folder, people, index, plan)]
    work = partial(_write_person, folder, plan)
    for _ in tqdm(each(work, missing, workers), folder.name, len(missing), mininterval=5):
        pass


def patient_id(people: People, index: int) -> str:
    """Name a virtual person; no two cohorts of different seeds share a name."""
    return f"v{people.seed}-{index:05d}"


def followup_rows(people: People) -> Iterator[Followup]:
    """Yield every disc and scale of a cohort in the order of its people."""
    line = 1
    for index in range(len(people)):
        first, second = _days(people, index)
        for number, level in enumerate(LEVELS):
            for scale, course in people.courses.items():
                line += 1
                yield Followup(
                    line=line,
                    patient_id=patient_id(people, index),
                    level=level,
                    scale=scale,
                    baseline=int(course.baseline[index, number]),
                    followup=int(course.followup[index, number]),
                    sex="F" if people.is_female[index] else "M",
                    age_years=round(float(people.age_years[index]), 2),
                    bmi=round(float(people.bmi[index]), 1),
                    institution=institution_name(people, index),
                    baseline_on=first,
                    followup_on=second,
                )


def _write_tables(folder: Path, people: People) -> None:
    table = folder / FOLLOWUPS_FILE
    fresh = table.with_suffix(_PARTIAL)
    write_followups(followup_rows(people), fresh)
    if table.exists() and table.read_bytes() != fresh.read_bytes():
        fresh.unlink()
        raise ValueError(f"{folder.name} holds another cohort: other people, seed or visibility")
    _write_oracle(folder / ORACLE_FILE, people)
    _write_readers(folder / READERS_FILE, people)
    fresh.replace(table)


def _write_oracle(path: Path, people: People) -> None:
    chances = [f"p{number}" for number in range(_MOST_GRADES)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["patient_id", "level", "scale", "baseline", "p_progress", *chances])
        for index in range(len(people)):
            for number, level in enumerate(LEVELS):
                for scale, course in people.courses.items():
                    baseline = int(course.baseline[index, number])
                    oracle = course.oracle[index, number]
                    above = oracle[baseline - int(min(scale.grades)) + 1 :].sum()
                    values = [f"{value:.6f}" for value in (above, *oracle)]
                    name = patient_id(people, index)
                    writer.writerow([name, level, scale, baseline, *values])


def _write_readers(path: Path, people: People) -> None:
    """Write what the readers of both examinations said before they talked."""
    rng = np.random.default_rng([people.seed, 23])
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        readers = ("baseline_1", "baseline_2", "followup_1", "followup_2")
        writer.writerow(["patient_id", "level", "scale", *readers])
        for scale, course in people.courses.items():
            before = read_independently(scale, course.baseline, rng)
            after = read_independently(scale, course.followup, rng)
            for index, number in np.ndindex(course.baseline.shape):
                grades = [int(reading[index, number]) for reading in (*before, *after)]
                writer.writerow([patient_id(people, index), LEVELS[number], scale, *grades])


def _days(people: People, index: int) -> tuple[date, date]:
    """Return both examinations: five years apart, within six months (P2, Dataset)."""
    rng = np.random.default_rng([people.seed, 24, index])
    first = _FIRST_DAY + timedelta(days=int(rng.integers(0, 3 * 365)))
    return first, first + timedelta(days=int(rng.integers(1826 - 180, 1826 + 181)))


def _is_whole(folder: Path, people: People, index: int, plan: CohortPlan) -> bool:
    last = FOLLOWUP_LABELS_FILE if plan.with_followup else LABELS_FILE
    return (folder / patient_id(people, index) / last).exists()


def _write_person(folder: Path, plan: CohortPlan, index: int) -> None:
    """Write a person's folder under another name and rename it, so that it is whole or absent."""
    people = draw_people(plan.people, plan.seed, plan.visibility)
    target = folder / patient_id(people, index)
    partial = folder / (target.name + _PARTIAL)
    partial.mkdir(exist_ok=True)
    _write_images(partial, render_baseline(people, index), (IMAGE_FILE, LABELS_FILE))
    if plan.with_followup:
        names = FOLLOWUP_IMAGE_FILE, FOLLOWUP_LABELS_FILE
        _write_images(partial, render_followup(people, index), names)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _write_images(folder: Path, rendering: Rendering, names: tuple[str, str]) -> None:
    nifti.write(rendering.volume, folder / names[0])
    nifti.write(rendering.labels, folder / names[1])
