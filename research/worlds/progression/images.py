"""Rendering one person of the virtual cohort by P2's protocol."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phantom.protocols import LUMBAR_T2, Vendor
from phantom.rendering import Rendering, render
from phantom.subjects import Subject, subject
from phantom.variants import NORMAL
from research.worlds.progression.people import People
from research.worlds.progression.settings import DRIFTS, LEVELS
from research.worlds.progression.signs import DiscSigns, shown
from spine.anatomy.grades import Scale

# "Three different institutions with the same MR protocol" (P2, Dataset): P2's timing and field
# of view on three scanners; how they differ is assumed.
INSTITUTIONS = {
    "A": LUMBAR_T2,
    "B": replace(LUMBAR_T2, vendor=Vendor.PHILIPS, acquired_pixel_mm=0.75, echo_time_ms=88.0),
    "C": replace(
        LUMBAR_T2,
        acquired_pixel_mm=0.92,
        slices=12,
        repetition_time_ms=3400.0,
        echo_time_ms=82.0,
        oblique_degrees=(2.0, -1.5),
    ),
}
_SEEDS_A_COHORT = 100_000


def institution_name(people: People, index: int) -> str:
    """Return where a person was examined, both times."""
    return list(INSTITUTIONS)[int(people.institution[index])]


def render_baseline(people: People, index: int) -> Rendering:
    """Image a person at baseline: every disc shows its grades and the signs of its course."""
    person = _person(people, index)
    grades = {scale: people.courses[scale].baseline[index] for scale in Scale}
    return _render(people, index, _with_discs(people, index, person, grades), 0)


def render_followup(people: People, index: int) -> Rendering:
    """Image the same person five years later; the readers' drift is not in the image."""
    later = _person(people, index).later(5.0)
    grades = {}
    for scale, course in people.courses.items():
        read, before = course.followup[index], course.baseline[index]
        grades[scale] = np.maximum(read, before) if DRIFTS[scale] else read
    return _render(people, index, _with_discs(people, index, later, grades), 1)


def _person(people: People, index: int) -> Subject:
    return subject(
        _SEEDS_A_COHORT * (people.seed + 1) + index,
        age_years=float(people.age_years[index]),
        sex="F" if people.is_female[index] else "M",
        variant=NORMAL,
    )


def _with_discs(
    people: People, index: int, person: Subject, grades: dict[Scale, NDArray[np.int64]]
) -> Subject:
    """Show the cohort's discs in a subject; who has a marked deformity is not in P2's cohort."""
    rng = np.random.default_rng([people.seed, 21, index])
    variation = rng.uniform(-1, 1, (len(LEVELS), 2))
    states = {}
    for number, level in enumerate(LEVELS):
        disc = DiscSigns(
            grades={scale: int(grades[scale][number]) for scale in Scale},
            signs={scale: float(people.courses[scale].sign[index, number]) for scale in Scale},
            variation=(float(variation[number, 0]), float(variation[number, 1])),
        )
        states[level] = shown(person.disc(level), disc)
    discs = tuple(states.get(disc.level, disc) for disc in person.discs)
    return replace(person, discs=discs, scoliosis_cobb=0.0)


def _render(people: People, index: int, person: Subject, visit: int) -> Rendering:
    rng = np.random.default_rng([people.seed, 22, index, visit])
    return render(person, INSTITUTIONS[institution_name(people, index)], rng)
