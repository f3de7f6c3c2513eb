"""The world of spine age: who is rendered, on which scanner, for what (docs/adr/0029)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np

from phantom.protocols import Protocol
from phantom.spread import Spread
from phantom.subjects import Subject, subject
from research.worlds.scanners import HELD_OUT_SCANNERS, SCANNERS, Scanner
from spine.anatomy.grades import Bulging

# P1, Table 1: normal series by bracket of ten years from 25 on, men and women.
NORMAL_SERIES = ((561, 521), (1306, 1238), (1617, 1379), (1264, 1299), (598, 622), (122, 84))
FIRST_YEARS, BRACKET_YEARS = 25, 10
# What people of one age differ by is mostly the planted gap, so that the exact posterior errs by
# the 3.0 to 3.6 years that P1's error suggests; the spreads beside it are assumptions.
SPREAD = Spread(gap_years=4.1, person=0.1, disc=0.4, marrow_fat=0.02)
# P1, section 4.2.4: mean time between two scans of a person.
REPEAT_YEARS = 1.6
_SEX = ("M", "F")
# Apart from each other and from every other cohort's seeds.
_SEEDS_A_PART = 20_000
_FIRST_SEED = 1_000_000


class Part(StrEnum):
    """What subjects are for; none is in two parts."""

    TRAINING = "training"
    VALIDATION = "validation"
    BIAS = "bias"
    CALIBRATION = "calibration"
    TEST = "test"
    OTHER_SCANNERS = "other-scanners"
    OTHER_DISEASES = "other-diseases"
    REPEATS = "repeats"


SUBJECTS = {
    Part.TRAINING: 2000,
    Part.VALIDATION: 100,
    Part.BIAS: 300,
    Part.CALIBRATION: 1050,
    Part.TEST: 300,
    Part.OTHER_SCANNERS: 300,
    Part.OTHER_DISEASES: 300,
    Part.REPEATS: 303,
}
"""P1's 850 + 100 and more, to train on; P1's 303 people scanned twice."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One series to be rendered.

    Attributes
    ----------
    name : of its folder
    person_id : the same in both scans of a person
    noise_seed : of positioning, coil and noise
    """

    name: str
    person_id: str
    subject: Subject
    scanner: Scanner
    noise_seed: tuple[int, int]

    @property
    def protocol(self) -> Protocol:
        """Of the scanner."""
        return self.scanner.protocol


def scans(part: Part, seed: int) -> Iterator[Scan]:
    """Yield a subject's scan, or both of a person who was scanned twice.

    Parameters
    ----------
    seed : of `seeds`
    """
    rng = np.random.default_rng([seed, 12])
    drawn = _draw(part, seed, rng)
    scanners = HELD_OUT_SCANNERS if part is Part.OTHER_SCANNERS else SCANNERS
    visits = [drawn]
    if part is Part.REPEATS:
        visits.append(drawn.later(REPEAT_YEARS * float(rng.uniform(0.2, 1.8))))
    for number, visit in enumerate(visits):
        scanner = scanners[int(rng.integers(len(scanners)))]
        person_id = f"s{seed:07}"
        name = f"{person_id}-{number + 1}" if part is Part.REPEATS else person_id
        yield Scan(name, person_id, visit, scanner, (seed, 13 + number))


def seeds(part: Part, subjects: int | None = None) -> range:
    """Return the first seeds of a part; by default those of `SUBJECTS`."""
    first = _FIRST_SEED + _SEEDS_A_PART * list(Part).index(part)
    count = SUBJECTS[part] if subjects is None else subjects
    if count > _SEEDS_A_PART:
        raise ValueError(f"a part has seeds for {_SEEDS_A_PART} subjects")
    return range(first, first + count)


def draw_age_and_sex(rng: np.random.Generator) -> tuple[float, str]:
    """Draw by Table 1's normal series, ages uniform within a bracket, years."""
    shares = np.array(NORMAL_SERIES, dtype=np.float64).ravel() / np.sum(NORMAL_SERIES)
    bracket, sex = divmod(int(rng.choice(shares.size, p=shares)), len(_SEX))
    return FIRST_YEARS + BRACKET_YEARS * (bracket + float(rng.random())), _SEX[sex]


def _draw(part: Part, seed: int, rng: np.random.Generator) -> Subject:
    age, sex = draw_age_and_sex(rng)
    draw = partial(subject, age_years=age, sex=sex, spread=SPREAD)
    if part is not Part.OTHER_DISEASES:
        return draw(seed)
    has_disease = tuple(_DISEASES.values())[int(rng.integers(len(_DISEASES)))]
    return _first_with(has_disease, draw, seed)


def _first_with(
    has_disease: Callable[[Subject], bool], draw: Callable[[int], Subject], seed: int
) -> Subject:
    """Draw until a disease is there that few have; the seeds do not meet another subject's."""
    candidates = (draw(seed + _DISEASE_STRIDE * number) for number in range(1, 10_000))
    return next(person for person in candidates if has_disease(person))


def _has_extrusion(person: Subject) -> bool:
    return any(disc.bulging >= Bulging.EXTRUSION for disc in person.discs)


_DISEASE_STRIDE = 10_000_000
_DISEASES: dict[str, Callable[[Subject], bool]] = {
    "fracture": lambda person: any(state.wedge_fracture for state in person.vertebrae),
    "scoliosis": lambda person: person.scoliosis_cobb != 0,
    "extrusion": _has_extrusion,
}
