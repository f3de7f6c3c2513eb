"""What is fixed in a person for life: counts, sizes, posture, and the draws of their wear."""

from dataclasses import dataclass

import numpy as np

from phantom.laws import DiscDraws
from phantom.spread import Spread
from phantom.variants import Variant, draw_variant
from spine.anatomy.levels import DiscLevel, Level


@dataclass(frozen=True, slots=True)
class Posture:
    """Curvature of the supine spine, degrees.

    Attributes
    ----------
    lordosis : between T12/L1 and L5/S1, SPIDER patients 44.5, SD here 9
    top_of_lumbar : tilt of T12/L1, positive when its upper side leans forward: -10, SD 4
    kyphosis : T1 to T12 at 40 years, 33, SD 8 (Yukawa 2018, standing 36; supine 5 less)
    cervical : C2/3 to C7/T1, 12, SD 7
    wander : amplitudes of three lateral waves, SD 1.5: the midline wanders 5.5 mm in L-R
    wander_phase : their phases, radians
    cobb : of the scoliosis that this person develops
    cobb_center : its apex, 0 at C1 and 1 at the sacrum
    """

    lordosis: float
    top_of_lumbar: float
    kyphosis: float
    cervical: float
    wander: tuple[float, float, float]
    wander_phase: tuple[float, float, float]
    cobb: float
    cobb_center: float


@dataclass(frozen=True, slots=True)
class Build:
    """Sizes against the table of the average adult, and the soft tissue.

    Attributes
    ----------
    width, height, canal, sac : factors (anatomy 1.1: SD 7, 5, 10 %; sac 8 % assumed)
    back_fat_mm : fat under the skin of the lumbar back (back of sac to skin 54.6, SD 12.6)
    conus : position of the tip, 1.8 is the lower third of L1; SD 0.55 vertebral units
    sac_end : 2 is mid S2
    grain : relative SD of the marrow's texture, 0.22, SD 0.03 (SPIDER, 5.1: 0.227 and 0.046)
    """

    width: float
    height: float
    canal: float
    sac: float
    back_fat_mm: float
    conus: float
    sac_end: float
    grain: float


@dataclass(frozen=True, slots=True)
class Person:
    """A person without an age.

    Attributes
    ----------
    spread : of the law that the draws are multiplied by
    uniform : thresholds in 0 to 1 that an age-dependent chance must exceed: fracture, scoliosis
    marrow, muscle, level : standard normal draws; `level` of the person effect on discs
    levels : two draws per vertebra, by `Level.order`: of width and of height
    discs : draws of every disc a person could have
    """

    seed: int
    sex: str
    variant: Variant
    spread: Spread
    gap_years: float
    level: float
    marrow: float
    muscle: float
    uniform: tuple[float, float]
    fracture_site: float
    build: Build
    posture: Posture
    levels: tuple[tuple[float, float], ...]
    discs: dict[DiscLevel, DiscDraws]


def draw_person(
    seed: int, sex: str | None, variant: Variant | None, gap_years: float | None, spread: Spread
) -> Person:
    """Draw a person; what is given does not change the other draws."""
    rng = np.random.default_rng([seed, 1])
    drawn_sex = "F" if rng.random() < 0.5 else "M"
    drawn_variant = draw_variant(rng)
    fixed = sex or drawn_sex
    uniform = float(rng.random()), float(rng.random())
    gap, level, marrow, muscle = (float(v) for v in rng.standard_normal(4))
    return Person(
        seed=seed,
        sex=fixed,
        variant=variant or drawn_variant,
        spread=spread,
        gap_years=spread.gap_years * gap if gap_years is None else gap_years,
        level=level,
        marrow=marrow,
        muscle=muscle,
        uniform=uniform,
        fracture_site=float(rng.random()),
        build=_draw_build(rng, fixed),
        posture=_draw_posture(rng),
        levels=tuple((float(a), float(b)) for a, b in rng.standard_normal((len(Level), 2))),
        discs={disc: _draw_disc(rng) for disc in DiscLevel},
    )


def _draw_build(rng: np.random.Generator, sex: str) -> Build:
    """Sexes differ by a factor 1.05 : 0.95 in width, 1.04 : 0.965 in height (anatomy 1.1)."""
    width, height, canal, sac, fat, conus, sac_end, grain = (
        float(v) for v in rng.standard_normal(8)
    )
    male = sex == "M"
    return Build(
        width=(1.05 if male else 0.95) * (1 + 0.06 * float(np.clip(width, -2.5, 2.5))),
        height=(1.035 if male else 0.965) * (1 + 0.04 * float(np.clip(height, -2.5, 2.5))),
        canal=1 + 0.08 * float(np.clip(canal, -2, 2)) + 0.02 * width,
        sac=1 + 0.08 * float(np.clip(sac, -2, 2)),
        back_fat_mm=float(np.clip(12 * np.exp(0.5 * fat), 4, 45)),
        conus=float(np.clip(1.8 + 0.55 * conus, 0.4, 3.4)),
        sac_end=float(np.clip(2.0 + 0.5 * sac_end, 1.0, 2.9)),
        grain=float(np.clip(0.22 + 0.03 * grain, 0.14, 0.30)),
    )


def _draw_posture(rng: np.random.Generator) -> Posture:
    lordosis, top, kyphosis, cervical = (float(v) for v in np.clip(rng.standard_normal(4), -2, 2))
    waves = tuple(float(v) for v in 1.5 * rng.standard_normal(3))
    phases = tuple(float(v) for v in rng.uniform(0, 2 * np.pi, 3))
    return Posture(
        lordosis=44.5 + 9 * lordosis,
        top_of_lumbar=-10 + 4 * top,
        kyphosis=33 + 8 * kyphosis,
        cervical=12 + 7 * cervical,
        wander=(waves[0], waves[1], waves[2]),
        wander_phase=(phases[0], phases[1], phases[2]),
        cobb=float(rng.choice((-1, 1)) * rng.uniform(11, 24)),
        cobb_center=float(rng.uniform(0.45, 0.85)),
    )


def _draw_disc(rng: np.random.Generator) -> DiscDraws:
    values = np.clip(rng.standard_normal(9), -3, 3)
    return DiscDraws(*(float(v) for v in values))
