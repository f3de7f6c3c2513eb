"""A subject: a person at an age, with the state of every vertebra and disc."""

from dataclasses import dataclass

import numpy as np

from phantom import laws
from phantom.dimensions import LevelSize, level_size
from phantom.laws import DiscState, DiscSteps
from phantom.people import Person, draw_person
from phantom.spread import POPULATION, Spread
from phantom.variants import Variant
from spine.anatomy.levels import DiscLevel, Level, Region

AGE_RANGE_YEARS = (18.0, 90.0)


@dataclass(frozen=True, slots=True)
class VertebraState:
    """One vertebra at one age.

    Attributes
    ----------
    size : mm, of this person
    wedge_fracture : share of the anterior height lost, 0 without fracture
    marrow_fat : fat fraction of the body
    """

    level: Level
    size: LevelSize
    wedge_fracture: float
    marrow_fat: float


@dataclass(frozen=True, slots=True)
class Subject:
    """A person at one age.

    Attributes
    ----------
    followup_years : time since the subject's first examination; 0 there
    vertebrae, discs : from head to foot
    scoliosis_cobb : degrees, signed, 0 without scoliosis
    """

    person: Person
    age_years: float
    biological_age_years: float
    followup_years: float
    vertebrae: tuple[VertebraState, ...]
    discs: tuple[DiscState, ...]
    scoliosis_cobb: float
    muscle_fat: float

    @property
    def seed(self) -> int:
        return self.person.seed

    @property
    def sex(self) -> str:
        """M or F."""
        return self.person.sex

    @property
    def variant(self) -> Variant:
        return self.person.variant

    def disc(self, level: DiscLevel) -> DiscState:
        """Return one disc's state; StopIteration if the person lacks it."""
        return next(disc for disc in self.discs if disc.level is level)

    def later(self, years: float) -> "Subject":
        """Return the same person some years older; no disc is ever less degenerated.

        Beside the law's own drift, each disc takes the steps of `laws.STEP_PER_YEAR`.
        """
        if years < 0:
            raise ValueError("a subject does not grow younger")
        return _aged(self.person, self.age_years - self.followup_years, self.followup_years + years)


def subject(
    seed: int,
    *,
    age_years: float | None = None,
    sex: str | None = None,
    variant: Variant | None = None,
    gap_years: float | None = None,
    spread: Spread = POPULATION,
) -> Subject:
    """Draw a subject; the same arguments give the same subject.

    Parameters
    ----------
    seed : of everything that is not given
    age_years : chronological; uniform over 18 to 90 if absent
    sex : M or F
    variant : vertebral counts
    gap_years : biological minus chronological age
    spread : how far people of one age differ
    """
    rng = np.random.default_rng([seed, 0])
    drawn_age = float(rng.uniform(*AGE_RANGE_YEARS))
    person = draw_person(seed, sex, variant, gap_years, spread)
    return _aged(person, drawn_age if age_years is None else float(age_years), 0.0)


def _aged(person: Person, first_age: float, followup: float) -> Subject:
    age = first_age + followup
    biological = age + person.gap_years
    steps = _followup_steps(person.seed, followup)
    discs = tuple(_disc(person, level, biological, steps[level]) for level in person.variant.discs)
    bent = person.uniform[1] < laws.scoliosis_chance(biological)
    return Subject(
        person=person,
        age_years=age,
        biological_age_years=biological,
        followup_years=followup,
        vertebrae=_vertebrae(person, biological),
        discs=discs,
        scoliosis_cobb=person.posture.cobb if bent else 0.0,
        muscle_fat=laws.muscle_fat_fraction(biological, person.muscle),
    )


def _followup_steps(seed: int, followup: float) -> dict[DiscLevel, DiscSteps]:
    """Steps since the first examination, growing with time and the same in every call."""
    mean = laws.STEP_PER_YEAR
    rates = np.random.default_rng([seed, 2]).exponential(1.0, (len(DiscLevel), 3)) * followup
    return {
        disc: DiscSteps(mean.latent * float(a), mean.signal * float(b), mean.bulge * float(c))
        for disc, (a, b, c) in zip(DiscLevel, rates, strict=True)
    }


def _disc(person: Person, level: DiscLevel, biological: float, steps: DiscSteps) -> DiscState:
    effect = laws.level_effect(level, person.variant) + laws.sex_effect(person.sex, biological)
    draws, spread = person.discs[level], person.spread
    deviation = spread.person * person.level + spread.disc * draws.latent + steps.latent
    z = laws.latent(effect, biological, deviation)
    return laws.disc_state(level, z, draws, biological, steps)


def _vertebrae(person: Person, biological: float) -> tuple[VertebraState, ...]:
    fractured = _fractured_level(person, biological)
    marrow = person.spread.marrow_fat * person.marrow
    return tuple(
        VertebraState(
            level=level,
            size=_person_size(person, level),
            wedge_fracture=0.2 + 0.25 * person.fracture_site if level is fractured else 0.0,
            marrow_fat=laws.marrow_fat_fraction(biological, person.sex, level, marrow),
        )
        for level in person.variant.levels
    )


def _fractured_level(person: Person, biological: float) -> Level | None:
    """Fractures peak at T7-T8 and T12-L1 (memory)."""
    if person.uniform[0] > laws.fracture_chance(biological):
        return None
    last = f"T{person.variant.thoracic}"
    sites = [Level.T7, Level.T8, Level(last), Level(last), Level.L1, Level.L1, Level.L2]
    return sites[int(person.fracture_site * len(sites))]


def _person_size(person: Person, level: Level) -> LevelSize:
    """Scale the table; each level varies by 2 % of its own."""
    size, build = level_size(level, person.variant), person.build
    own = person.levels[level.order]
    width, height = build.width * (1 + 0.02 * own[0]), build.height * (1 + 0.02 * own[1])
    canal = build.canal * (1.02 if person.sex == "M" else 0.98)
    # The sac of the neck and thorax is as wide as the cord allows, so it varies less.
    sac = 1 + (build.sac - 1) * (1.0 if level.region is Region.LUMBAR else 0.5)
    factors = {
        "width_up": width, "width_low": width, "depth_up": width, "depth_low": width,
        "height_post": height, "height_ratio": 1.0, "canal_ap": canal, "canal_lr": width,
        "sac_ap": sac, "sac_lr": sac, "cord_ap": 1.0, "cord_lr": 1.0, "spinous_length": width,
        "spinous_drop": 1.0, "spinous_height": height, "span": width,
    }  # fmt: skip
    return LevelSize(**{name: getattr(size, name) * f for name, f in factors.items()})
