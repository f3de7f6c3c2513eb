"""Signal of every tissue under a protocol: spin echo with relaxation times (anatomy 4).

S = PD (1 - exp(-TR/T1)) exp(-TE/T2); inversion recovery replaces the bracket by
|1 - 2 exp(-TI/T1) + exp(-TR/T1)|. T2 values are effective ones for a long echo train: fat is
brighter than by its spin-echo T2 (J-coupling), nuclei are set so that their ratio to
bone marrow is that of the 24 SPIDER patients at each grade (3.3).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from phantom.protocols import Contrast, Protocol


class Tissue(StrEnum):
    """What a voxel can consist of."""

    AIR = "air"
    LUNG = "lung"
    FAT = "fat"
    MUSCLE = "muscle"
    RED_MARROW = "red marrow"
    YELLOW_MARROW = "yellow marrow"
    CORTEX = "cortex"
    LIGAMENT = "ligament"
    ANNULUS = "annulus"
    CSF = "cerebrospinal fluid"
    CORD = "cord"
    ROOTS = "nerve roots"
    BRAIN = "brain"
    BLOOD = "flowing blood"
    VEIN = "slow venous blood"
    LIVER = "liver"
    GUT = "gut wall"
    FLUID = "fluid"
    EDEMA = "edema"
    SKIN = "skin"


@dataclass(frozen=True, slots=True)
class Relaxation:
    """T1 and effective T2 at 1.5 T, ms; proton density relative to fluid."""

    t1: float
    t2: float
    density: float


_RELAXATION = {
    Tissue.AIR: Relaxation(1000, 1, 0.0),
    Tissue.LUNG: Relaxation(1200, 25, 0.15),
    # T1 of fat is measured as 340 (SyMRI) and 240 to 290 (memory); 240 is what STIR nulls.
    Tissue.FAT: Relaxation(240, 76, 0.9),
    Tissue.MUSCLE: Relaxation(1000, 40, 0.75),
    Tissue.RED_MARROW: Relaxation(750, 50, 0.62),
    Tissue.YELLOW_MARROW: Relaxation(260, 100, 0.9),
    Tissue.CORTEX: Relaxation(250, 10, 0.12),
    Tissue.LIGAMENT: Relaxation(400, 20, 0.4),
    Tissue.ANNULUS: Relaxation(650, 31, 0.5),
    # T1 is 4270; 2300 stands for the restore pulse at the echo train's end.
    Tissue.CSF: Relaxation(2300, 1500, 1.0),
    Tissue.CORD: Relaxation(820, 48, 0.7),
    Tissue.ROOTS: Relaxation(900, 42, 0.7),
    Tissue.BRAIN: Relaxation(900, 75, 0.76),
    Tissue.BLOOD: Relaxation(1440, 12, 0.85),
    Tissue.VEIN: Relaxation(1440, 90, 0.8),
    Tissue.LIVER: Relaxation(600, 46, 0.72),
    Tissue.GUT: Relaxation(900, 60, 0.75),
    Tissue.FLUID: Relaxation(3000, 500, 0.95),
    Tissue.EDEMA: Relaxation(1500, 140, 0.8),
    Tissue.SKIN: Relaxation(900, 35, 0.6),
}

# Nucleus by continuous Pfirrmann grade: T1 (4.1), effective T2, density.
_NUCLEUS_GRADE = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
_NUCLEUS_T1 = (1250.0, 1165.0, 900.0, 723.0, 600.0, 554.0)
_NUCLEUS_T2 = (98.0, 68.0, 54.0, 45.0, 39.0, 36.0)
_NUCLEUS_DENSITY = (0.75, 0.72, 0.66, 0.58, 0.50, 0.46)


@dataclass(frozen=True, slots=True)
class Palette:
    """Signals of one series.

    Attributes
    ----------
    values : by tissue, arbitrary units
    nucleus_values : at Pfirrmann grades 1 to 6
    """

    values: dict[Tissue, float]
    nucleus_values: tuple[float, ...]

    def __getitem__(self, tissue: Tissue) -> float:
        return self.values[tissue]

    def marrow(self, fat_fraction: float) -> float:
        """Return the signal of bone marrow."""
        red, yellow = self[Tissue.RED_MARROW], self[Tissue.YELLOW_MARROW]
        return red + fat_fraction * (yellow - red)

    def muscle(self, fat_fraction: float) -> float:
        """Return the signal of muscle with fat between its fibers."""
        muscle, fat = self[Tissue.MUSCLE], self[Tissue.FAT]
        return muscle + fat_fraction * (fat - muscle)

    def nucleus(self, severity: float) -> float:
        """Return the signal of a nucleus by continuous grade."""
        return float(np.interp(severity, _NUCLEUS_GRADE, self.nucleus_values))


def palette(protocol: Protocol) -> Palette:
    """Return the signals of a protocol."""
    nucleus = zip(_NUCLEUS_T1, _NUCLEUS_T2, _NUCLEUS_DENSITY, strict=True)
    return Palette(
        {tissue: spin_echo(protocol, value) for tissue, value in _RELAXATION.items()},
        tuple(spin_echo(protocol, Relaxation(t1, t2, pd)) for t1, t2, pd in nucleus),
    )


def randomized_palette(protocol: Protocol, rng: np.random.Generator) -> Palette:
    """Vary every tissue's signal, for the training of networks that must not rely on one contrast.

    Each gets a log-normal factor of SD 0.3 and one gamma of the whole between 0.6 and 1.6; one
    palette in twelve is turned over (bright for dark), air staying black.
    """
    base = palette(protocol)
    gamma = float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
    inverted = rng.random() < 1 / 12
    top = base[Tissue.CSF] if protocol.contrast is not Contrast.T1 else base[Tissue.FAT]

    def vary(value: float, factor: float) -> float:
        share = (value / top * factor) ** gamma
        return float(max(1.1 - share, 0.05) if inverted else share) * top

    factors = {tissue: float(np.exp(0.3 * rng.standard_normal())) for tissue in base.values}
    values = {tissue: vary(value, factors[tissue]) for tissue, value in base.values.items()}
    values[Tissue.AIR] = 0.0
    values[Tissue.CORTEX] = values[Tissue.CORTEX] if not inverted else 0.02 * top
    factor = float(np.exp(0.3 * rng.standard_normal()))
    return Palette(values, tuple(vary(value, factor) for value in base.nucleus_values))


def spin_echo(protocol: Protocol, tissue: Relaxation) -> float:
    """Return the signal equation of the module, times 1000."""
    recovery = 1 - np.exp(-protocol.repetition_time_ms / tissue.t1)
    if protocol.inversion_time_ms is not None:
        recovery = abs(
            recovery
            - 2 * np.exp(-protocol.inversion_time_ms / tissue.t1)
            + 2 * np.exp(-protocol.repetition_time_ms / tissue.t1)
        )
    decay = np.exp(-protocol.echo_time_ms / tissue.t2)
    return float(1000 * tissue.density * recovery * decay)
