"""How a spine wears with age: the generator's law, an input of every phantom study.

The latent model is derived (docs/anatomy.md, 3.2) from Brinjikji 2015 (asymptomatic, n=3110) and
Wakayama (population, n=975). What a network later finds of it is therefore recovery of this
law, never a medical finding. Every monotone function below takes the *biological* age.
"""

from dataclasses import dataclass

import numpy as np

from phantom.looks import DiscLook
from phantom.osteophytes import OSTEOPHYTE
from phantom.variants import Variant
from spine.anatomy.grades import Bulging, Pfirrmann, Schneiderman
from spine.anatomy.levels import DiscLevel, Level, Region

LATENT_PER_DECADE = 0.32

# The third cut is 0.6, not the fitted 0.24: it keeps grade 3 as frequent as in patients.
PFIRRMANN_CUTS = (-1.41, 0.0, 0.6, 1.78)
# Assumptions, set so that signal loss and bulges at one or more lumbar levels rise with age as in
# Brinjikji 2015 (17 to 97 % and 30 to 84 % from 20 to 80 years).
SCHNEIDERMAN_CUTS = (-0.75, 0.45, 1.9)
BULGING_CUTS = (0.62, 1.95, 2.75)

_CERVICAL = {2: -0.88, 3: -0.58, 4: -0.43, 5: -0.28, 6: -0.33, 7: -1.08}
_THORACIC = {n: -1.24 if n <= 4 else -0.64 if n <= 9 else -0.94 for n in range(1, 12)} | {12: -0.77}
_LUMBAR = {1: -0.62, 2: -0.37, 3: -0.17, 4: 0.13, 5: 0.08}
_BY_REGION = {
    Region.CERVICAL: _CERVICAL,
    Region.THORACIC: _THORACIC,
    Region.LUMBAR: _LUMBAR,
}


@dataclass(frozen=True, slots=True)
class DiscDraws:
    """What is fixed in a disc for life: standard normal draws, and steps of its follow-ups."""

    latent: float
    signal: float
    bulge: float
    fissure: float
    endplate: float
    osteophyte: float
    height: float
    side: float
    node: float


@dataclass(frozen=True, slots=True)
class DiscSteps:
    """How far a disc has moved since its first examination, beyond the law's drift with age.

    Attributes
    ----------
    latent, signal, bulge : at least 0, in the units of their latent states
    """

    latent: float = 0.0
    signal: float = 0.0
    bulge: float = 0.0


NO_STEPS = DiscSteps()
STEP_PER_YEAR = DiscSteps(latent=0.02, signal=0.05, bulge=0.06)
"""Means of the exponential steps: assumptions towards P2's five-year rises (Schneiderman 65 %,
bulging 23 %, Pfirrmann 14 % of discs), less what P2 itself owes to its readers' drift."""


@dataclass(frozen=True, slots=True)
class DiscState:
    """One disc at one age.

    Attributes
    ----------
    latent : degeneration z of the law
    severity : 1 to 6, continuous Pfirrmann grade; its floor is the grade
    height_factor : against the young disc of the same person
    bulge_mm, extrusion_mm : beyond the endplates, posteriorly
    osteophyte_mm : anterior lip of the adjacent rims
    modic_type : 0 to 3, of both adjacent endplates
    schmorl_mm : depth of a node in the endplate above, 0 without
    stenosis : 0 to 1, share of the sac's depth lost besides the bulge
    slip_mm : the upper vertebra forward of the lower
    look : replaces the look that the state gives; never drawn here
    """

    level: DiscLevel
    latent: float
    severity: float
    pfirrmann: Pfirrmann
    schneiderman: Schneiderman
    bulging: Bulging
    height_factor: float
    bulge_mm: float
    extrusion_mm: float
    migration_mm: float
    fissure: bool
    modic_type: int
    schmorl_mm: float
    osteophyte_mm: float
    stenosis: float
    slip_mm: float
    look: DiscLook | None = None


def level_effect(level: DiscLevel, variant: Variant) -> float:
    """Return the A of the law; regions with other counts are stretched over the table."""
    table = _BY_REGION[level.above.region]
    number, count = int(level.above.value[1:]), variant.count(level.above.region)
    position = number if count == len(table) else 1 + (number - 1) * (len(table) - 1) / (count - 1)
    if level.above.region is Region.CERVICAL:
        position = number
    return float(np.interp(position, sorted(table), [table[n] for n in sorted(table)]))


def latent(level_a: float, biological_age: float, deviation: float) -> float:
    """Return z = A + 0.32 (age - 50)/10 + deviation of the person and of the disc."""
    return level_a + LATENT_PER_DECADE * (biological_age - 50) / 10 + deviation


def severity(z: float) -> float:
    """Map z monotonically to a continuous Pfirrmann grade, 1 to 5.99."""
    return float(np.interp(z, (-3.4, *PFIRRMANN_CUTS, 3.4), (1, 2, 3, 4, 5, 5.99)))


def disc_state(
    level: DiscLevel,
    z: float,
    draws: DiscDraws,
    biological_age: float,
    steps: DiscSteps = NO_STEPS,
) -> DiscState:
    """Derive every sign of wear of a disc from its latent state (steps included) and its draws.

    Each sign has its own latent correlated with z (assumption: 0.6 to 0.9), so that signs agree
    in tendency and differ from disc to disc; all are monotone in z.
    """
    grade = severity(z)
    bulge = 0.75 * z + 0.65 * draws.bulge + steps.bulge
    if level.above.region is Region.THORACIC:
        bulge -= 0.5
    bulging = Bulging(int(np.searchsorted(BULGING_CUTS, bulge, side="right")))
    signal = z + 0.35 * draws.signal + steps.signal
    large = level.is_lumbar
    return DiscState(
        level=level,
        latent=z,
        severity=grade,
        pfirrmann=Pfirrmann(int(grade)),
        schneiderman=Schneiderman(int(np.searchsorted(SCHNEIDERMAN_CUTS, signal, side="right"))),
        bulging=bulging,
        height_factor=_height_factor(grade, draws.height),
        bulge_mm=_bulge_mm(bulge, bulging, large),
        extrusion_mm=_extrusion_mm(bulge, bulging, large),
        migration_mm=6.0 + 2 * draws.side if bulging is Bulging.SEQUESTRATION else 0.0,
        fissure=bool(0.25 * z + draws.fissure > 1.75),
        modic_type=_modic_type(z, draws.endplate, biological_age),
        schmorl_mm=_schmorl_mm(draws.node),
        osteophyte_mm=OSTEOPHYTE.size_mm(biological_age, z, draws.osteophyte),
        stenosis=float(np.clip(0.10 * (z - 0.5) + 0.05 * draws.side, 0, 0.35)),
        slip_mm=_slip_mm(z, draws.side, level),
    )


def sex_effect(sex: str, biological_age: float) -> float:
    """Return how much more worn the discs of men are; the sexes meet at 60 (assumption)."""
    if sex != "M" or biological_age >= 60:
        return 0.0
    return 0.1 * min(1.0, (60 - biological_age) / 10)


def marrow_fat_fraction(biological_age: float, sex: str, level: Level, deviation: float) -> float:
    """Return the proton density fat fraction of a body.

    Baum 2018 (20s, 30s) and Griffith 2012; from 50 on memory: women rise steeply at 55 to 65,
    then exceed men. Cervical about 0.10 below lumbar, L5 above L1. People deviate by `Spread`.
    """
    men = np.interp(biological_age, (15, 25, 35, 55, 75, 95), (0.28, 0.32, 0.353, 0.42, 0.47, 0.51))
    women = np.interp(
        biological_age, (15, 25, 35, 50, 65, 75, 95), (0.24, 0.272, 0.28, 0.37, 0.49, 0.52, 0.56)
    )
    base = float(men if sex == "M" else women)
    slope = {"C": -0.10, "T": -0.04, "L": 0.0, "S": 0.05}[level.value[0]]
    return float(np.clip(base + slope + deviation, 0.1, 0.8))


def muscle_fat_fraction(biological_age: float, draw: float) -> float:
    """Return the multifidus fat fraction: Crawford 2016 in the 20s to 50s, memory beyond."""
    mean = np.interp(biological_age, (20, 35, 45, 55, 75, 95), (0.15, 0.2, 0.215, 0.24, 0.37, 0.45))
    return float(np.clip(mean + 0.06 * draw, 0.04, 0.7))


def fracture_chance(biological_age: float) -> float:
    """Return the chance of one wedge fracture: 5 % under 60, 11 % at 75, 18 % over 80 (US)."""
    return float(np.interp(biological_age, (35, 60, 75, 85, 95), (0.005, 0.05, 0.11, 0.18, 0.25)))


def scoliosis_chance(biological_age: float) -> float:
    """Return the chance of a Cobb angle of 11 degrees or more (DXA, n=2973)."""
    return float(np.interp(biological_age, (18, 45, 65, 90), (0.02, 0.031, 0.12, 0.5)))


def _height_factor(grade: float, draw: float) -> float:
    """Height against the young disc: SPIDER patients, 3.3; only grade 5 collapses."""
    mean = np.interp(grade, (1, 3.5, 4.5, 5.2, 5.99), (1.0, 1.02, 0.86, 0.58, 0.32))
    return float(np.clip(mean * (1 + 0.09 * draw), 0.25, 1.3))


def _bulge_mm(bulge: float, grade: Bulging, large: bool) -> float:  # noqa: FBT001 (a size)
    if grade is Bulging.NONE:
        return 0.0
    return float(np.clip(1.6 + 1.6 * (bulge - BULGING_CUTS[0]), 1.6, 4.0)) * (1.0 if large else 0.5)


def _extrusion_mm(bulge: float, grade: Bulging, large: bool) -> float:  # noqa: FBT001 (a size)
    """Depth of the focal part beyond the bulge: 3 to 6 mm (memory)."""
    if grade < Bulging.EXTRUSION:
        return 0.0
    return float(np.clip(3.5 + 2 * (bulge - BULGING_CUTS[1]), 3.5, 6)) * (1.0 if large else 0.5)


def _modic_type(z: float, draw: float, biological_age: float) -> int:
    """Endplate change: shares by grade of the SPIDER patients; types 64 % 2, 18 % 1 (Wang 2012)."""
    if z + 0.9 * draw < 1.25:
        return 0
    if z > 2.4 and biological_age > 60:
        return 3
    return 1 if (draw * 10) % 1 < 0.25 else 2


def _schmorl_mm(draw: float) -> float:
    """Depth 3 to 6 mm; 1 % of discs, a fifth of people; no age effect (n=2449)."""
    return float(min(3 + 6 * (draw - 2.35), 6)) if draw > 2.35 else 0.0


def _slip_mm(z: float, draw: float, level: DiscLevel) -> float:
    """Degenerative slip, 3 to 8 mm, most at L4/5 (memory; the last mobile disc but one)."""
    bonus = 0.5 if level in (DiscLevel.L4_L5, DiscLevel.L5_L6) else 0.0
    excess = 0.5 * z + draw + bonus - 2.3
    if not level.is_lumbar or excess < 0:
        return 0.0
    return float(min(3 + 3 * excess, 8))
