"""Cohorts for spine age and disc progression, rendered from phantoms."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from phantom.laws import DiscState
from phantom.protocols import (
    LUMBAR_T2,
    LUMBAR_T2_PHILIPS,
    WHOLE_SPINE_T2,
    WHOLE_SPINE_T2_PHILIPS,
    Coverage,
    Protocol,
    coarser,
)
from phantom.rendering import render
from phantom.subjects import Subject, subject
from research.cohort import TRUTH_FILE, Grades, SubjectRecord, write_subject
from spine.anatomy.grades import Scale

# P1, section 2.2: 25 to 84 years, both included.
AGE_RANGE_YEARS = (25.0, 85.0)
FOLLOWUP_YEARS = 5.0

# Half the published resolution: the networks trained on it see a quarter.
_AGE_PROTOCOLS = (coarser(WHOLE_SPINE_T2, 1.8), coarser(WHOLE_SPINE_T2_PHILIPS, 1.8))
# The lumbar part of a whole-spine series, and series planned for the lumbar spine alone.
_DISC_PROTOCOLS = (
    replace(WHOLE_SPINE_T2, coverage=Coverage.LUMBAR, rows=320, columns=280),
    replace(WHOLE_SPINE_T2_PHILIPS, coverage=Coverage.LUMBAR, rows=360, columns=320),
    coarser(LUMBAR_T2, 0.8),
    coarser(LUMBAR_T2_PHILIPS, 0.8),
)


def render_age_cohort(folder: Path, seeds: Iterable[int]) -> None:
    """Render whole spines, a subject a seed, ages uniform; subjects on disk are kept."""
    for seed in _missing(folder, seeds):
        person = subject(seed, age_years=_age(seed))
        _write(folder, seed, person, _AGE_PROTOCOLS, {})


def render_disc_cohort(folder: Path, seeds: Iterable[int]) -> None:
    """Render lumbar spines with every lumbar disc's grades now and five years later."""
    for seed in _missing(folder, seeds):
        person = subject(seed, age_years=_age(seed))
        _write(folder, seed, person, _DISC_PROTOCOLS, lumbar_grades(person))


def lumbar_grades(person: Subject) -> Grades:
    """Grade every lumbar disc of a subject now and five years later."""
    later = person.later(FOLLOWUP_YEARS)
    return {
        disc.level: {
            scale: (_grade(disc, scale), _grade(later.disc(disc.level), scale)) for scale in Scale
        }
        for disc in person.discs
        if disc.level.is_lumbar
    }


def _write(
    folder: Path, seed: int, person: Subject, protocols: tuple[Protocol, ...], grades: Grades
) -> None:
    rng = np.random.default_rng([seed, 11])
    protocol = protocols[int(rng.integers(len(protocols)))]
    rendering = render(person, protocol, rng)
    record = SubjectRecord(_name(seed), person.age_years, person.sex, grades)
    write_subject(folder, record, rendering.volume, rendering.labels)


def _missing(folder: Path, seeds: Iterable[int]) -> Iterable[int]:
    absent = [seed for seed in seeds if not (folder / _name(seed) / TRUTH_FILE).exists()]
    progress: Iterable[int] = tqdm(absent, desc=folder.name, mininterval=5)
    return progress


def _age(seed: int) -> float:
    return float(np.random.default_rng([seed, 12]).uniform(*AGE_RANGE_YEARS))


def _name(seed: int) -> str:
    return f"s{seed:07}"


def _grade(disc: DiscState, scale: Scale) -> int:
    grades = {
        Scale.SCHNEIDERMAN: disc.schneiderman,
        Scale.BULGING: disc.bulging,
        Scale.PFIRRMANN: disc.pfirrmann,
    }
    return int(grades[scale])
