"""What the image shows of a disc: its three grades, and a sign of the course of each.

Every grade and every course has a sign of its own, so that none hides another (ADR 0097):

=============  ==========================================  ================================
scale          its grade shows in                          its course shows in
=============  ==========================================  ================================
Pfirrmann      nucleus against annulus; collapse (5)       disc height within the grade
Schneiderman   signal and speckle of the whole disc        dark band through the nucleus
bulging        outline behind; extruded, free material     high-intensity zone of the annulus
=============  ==========================================  ================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from phantom.laws import DiscState
from phantom.looks import DiscLook
from spine.anatomy.grades import Bulging, Pfirrmann, Scale, Schneiderman

_MOST = 2.5
"""Signs beyond this many SD look like it."""
_HEIGHT = {1: 1.08, 2: 1.05, 3: 1.0, 4: 0.90, 5: 0.55}
_HEIGHT_PER_SD = -0.14
_SIGNAL = {0: 1.0, 1: 0.85, 2: 0.6, 3: 0.3}
_SPECKLE = {0: 0.15, 1: 0.6, 2: 0.27, 3: 0.27}
_CLEFT, _CLEFT_PER_SD = 0.45, 0.18
_FISSURE, _FISSURE_PER_SD = 0.5, 0.2
_BULGE_MM = 2.6
_EXTRUSION_MM = 5.0
_MIGRATION_MM = 7.0
_WITHIN_GRADE = 0.15
"""Severity lies this far around the middle of its grade, so that grades stay apart."""


@dataclass(frozen=True, slots=True)
class DiscSigns:
    """One disc at one time: what is seen of it on each scale.

    Attributes
    ----------
    grades : as rendered
    signs : of the course, standard normal
    variation : of severity and of bulge within their grades, -1 to 1 each
    """

    grades: Mapping[Scale, int]
    signs: Mapping[Scale, float]
    variation: tuple[float, float]


def shown(state: DiscState, disc: DiscSigns) -> DiscState:
    """Return a disc's state with the grades and signs of the cohort in place of its own.

    Endplate changes, osteophytes, stenosis and slip stay those of the phantom's law: they vary
    freely and say nothing of the course.
    """
    pfirrmann = Pfirrmann(disc.grades[Scale.PFIRRMANN])
    bulging = Bulging(disc.grades[Scale.BULGING])
    schneiderman = Schneiderman(disc.grades[Scale.SCHNEIDERMAN])
    signs = {scale: float(np.clip(sign, -_MOST, _MOST)) for scale, sign in disc.signs.items()}
    severity, bulge = disc.variation
    is_out = bulging >= Bulging.EXTRUSION
    return replace(
        state,
        severity=pfirrmann + 0.5 + _WITHIN_GRADE * severity,
        pfirrmann=pfirrmann,
        schneiderman=schneiderman,
        bulging=bulging,
        height_factor=_HEIGHT[pfirrmann] * (1 + _HEIGHT_PER_SD * signs[Scale.PFIRRMANN]),
        bulge_mm=_BULGE_MM + 0.6 * bulge if bulging >= Bulging.BULGE else 0.0,
        extrusion_mm=_EXTRUSION_MM + bulge if is_out else 0.0,
        migration_mm=_MIGRATION_MM if bulging is Bulging.SEQUESTRATION else 0.0,
        fissure=True,
        look=DiscLook(
            signal=_SIGNAL[schneiderman],
            speckle=_SPECKLE[schneiderman],
            cleft=float(np.clip(_CLEFT + _CLEFT_PER_SD * signs[Scale.SCHNEIDERMAN], 0, 1)),
            fissure=float(np.clip(_FISSURE + _FISSURE_PER_SD * signs[Scale.BULGING], 0, 1)),
        ),
    )
