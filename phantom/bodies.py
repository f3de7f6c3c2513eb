"""The shape of a vertebral body: a drum with waist, wedge, hollow endplates and lips."""

from dataclasses import dataclass

import numpy as np

from phantom.canvas import Field, Region

CORTEX_MM = 0.9


@dataclass(frozen=True, slots=True)
class Drum:
    """A body's shape in its own frame, mm.

    Attributes
    ----------
    widths, depths : low and up
    waist : share of width and depth lost at mid height
    wedge : anterior minus posterior height
    concavity : of the upper and the lower endplate
    lip : of osteophytes at the upper and the lower rim
    """

    height: float
    widths: tuple[float, float]
    depths: tuple[float, float]
    waist: float
    wedge: float
    concavity: tuple[float, float]
    lip: tuple[float, float] = (0.0, 0.0)


def drum_distance(region: Region, drum: Drum) -> Field:
    """Return the signed distance to a body: ellipse cut flat behind, between two endplates."""
    u = np.clip(region.superior * np.float32(2 / drum.height), -1, 1)
    rim = 1 - np.float32(drum.waist) * (1 - u * u)
    half_width = _blend(drum.widths, u) * rim
    half_depth = _blend(drum.depths, u) * rim
    if max(drum.lip) > 0:
        half_depth += _lips(region, drum)
    right = region.right / half_width
    # The ellipse is 1.16 times as deep as the body and cut at the posterior wall.
    anterior = (region.anterior / half_depth + np.float32(0.16)) / np.float32(1.16)
    square = right * right + anterior * anterior
    side = np.maximum((np.sqrt(square) - 1) * half_depth, -region.anterior - half_depth * 0.98)
    dome = np.clip(1 - square, 0, 1)
    tilt = region.anterior * np.float32(drum.wedge / (drum.depths[0] + drum.depths[1]))
    top = drum.height / 2 + tilt - np.float32(drum.concavity[0]) * dome
    bottom = drum.height / 2 + tilt - np.float32(drum.concavity[1]) * dome
    ends = np.maximum(region.superior - top, -region.superior - bottom)
    distance: Field = np.maximum(side, ends)
    return distance


def _blend(sizes: tuple[float, float], u: Field) -> Field:
    """Half of a size running from its lower to its upper value as u goes from -1 to 1."""
    low, up = sizes
    half: Field = np.float32((low + up) / 4) + np.float32((up - low) / 4) * u
    return half


def _lips(region: Region, drum: Drum) -> Field:
    """Osteophytes: anterior rims grow forward, half as far sideways and behind."""
    up = np.exp(-(((region.superior - np.float32(drum.height / 2 - 1)) / 2.5) ** 2))
    low = np.exp(-(((region.superior + np.float32(drum.height / 2 - 1)) / 2.5) ** 2))
    front = np.clip(0.65 + region.anterior / np.float32(sum(drum.depths)), 0.25, 1)
    lips: Field = front * (np.float32(drum.lip[0]) * up + np.float32(drum.lip[1]) * low)
    return lips
