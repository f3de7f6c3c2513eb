"""Cohorts for spine age and disc progression, rendered from phantoms."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial
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
    coarser,
)
from phantom.rendering import render
from phantom.subjects import Subject, subject
from research.cohort import TRUTH_FILE, Grades, SubjectRecord, write_subject
from research.processes import each
from research.worlds.age import Part, scans, seeds
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.imaging.volume import Volume

# P1, section 2.2: 25 to 84 years, both included.
AGE_RANGE_YEARS = (25.0, 85.0)
FOLLOWUP_YEARS = 5.0

# The lumbar part of a whole-spine series, and series planned for the lumbar spine alone.
_DISC_PROTOCOLS = (
    replace(WHOLE_SPINE_T2, coverage=Coverage.LUMBAR, rows=320, columns=280),
    replace(WHOLE_SPINE_T2_PHILIPS, coverage=Coverage.LUMBAR, rows=360, columns=320),
    coarser(LUMBAR_T2, 0.8),
    coarser(LUMBAR_T2_PHILIPS, 0.8),
)


def render_age_part(cohort: Path, part: Part, subjects: int | None, workers: int = 1) -> None:
    """Render whole spines into ``<cohort>/<part>``; subjects on disk are kept.

    Parameters
    ----------
    subjects : how many of the part's; None for all
    workers : processes, one subject each at a time
    """
    work = partial(_render_scans, cohort / part.value, part)
    wanted = seeds(part, subjects)
    for _ in tqdm(each(work, wanted, workers), part.value, len(wanted), mininterval=5):
        pass


def _render_scans(folder: Path, part: Part, seed: int) -> None:
    for scan in scans(part, seed):
        if (folder / scan.name / TRUTH_FILE).exists():
            continue
        person = scan.subject
        rendering = render(person, scan.protocol, np.random.default_rng(scan.noise_seed))
        record = SubjectRecord(
            scan.name,
            person.age_years,
            person.sex,
            {},
            person_id=scan.person_id,
            scanner=scan.scanner.name,
            clinic=scan.scanner.clinic,
        )
        # Whole numbers, as a scanner stores them.
        volume = Volume(np.rint(rendering.volume.data), rendering.volume.affine)
        write_subject(folder, record, volume, rendering.labels, np.int16)


def render_disc_cohort(folder: Path, seeds: Iterable[int]) -> None:
    """Render lumbar spines with every lumbar disc's grades now and five years later."""
    for seed in _missing(folder, seeds):
        person = subject(seed, age_years=_age(seed))
        rng = np.random.default_rng([seed, 11])
        protocol = _DISC_PROTOCOLS[int(rng.integers(len(_DISC_PROTOCOLS)))]
        rendering = render(person, protocol, rng)
        record = SubjectRecord(_name(seed), person.age_years, person.sex, lumbar_grades(person))
        write_subject(folder, record, rendering.volume, rendering.labels)


def lumbar_grades(person: Subject) -> Grades:
    """Grade every lumbar disc of a subject now and five years later."""
    return grades_of(person, {disc.level for disc in person.discs if disc.level.is_lumbar})


def grades_of(person: Subject, levels: Collection[DiscLevel]) -> Grades:
    """Grade some discs of a subject now and five years later."""
    later = person.later(FOLLOWUP_YEARS)
    return {
        disc.level: {
            scale: (_grade(disc, scale), _grade(later.disc(disc.level), scale)) for scale in Scale
        }
        for disc in person.discs
        if disc.level in levels
    }


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
