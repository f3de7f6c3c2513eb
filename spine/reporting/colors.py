"""One color per structure, the same on the pictures and in the segmentation objects.

Colors only help to tell neighbors apart; every structure is also named in words.
"""

import numpy as np

from spine.anatomy.labels import (
    CORD,
    CSF,
    DISC_LABELS,
    RIB_LEFT,
    RIB_RIGHT,
    VERTEBRA_LABELS,
)
from spine.anatomy.levels import Level, Region
from spine.imaging.pictures import Color

# Two shades a region: neighbors always differ. Chosen to stay apart for red-green blindness.
_VERTEBRA_SHADES: dict[Region, tuple[Color, Color]] = {
    Region.CERVICAL: ((110, 200, 255), (60, 150, 230)),
    Region.THORACIC: ((250, 215, 110), (225, 170, 60)),
    Region.LUMBAR: ((255, 160, 120), (235, 115, 85)),
    Region.SACRAL: ((215, 165, 255), (215, 165, 255)),
}
_DISC: Color = (240, 240, 240)
_CSF: Color = (70, 200, 190)
_CORD: Color = (120, 255, 220)
_RIB_LEFT: Color = (170, 190, 110)
_RIB_RIGHT: Color = (110, 150, 190)


def _vertebra_color(level: Level) -> Color:
    return _VERTEBRA_SHADES[level.region][level.order % 2]


LABEL_COLORS: dict[int, Color] = {
    **{value: _vertebra_color(level) for level, value in VERTEBRA_LABELS.items()},
    **dict.fromkeys(DISC_LABELS.values(), _DISC),
    CSF: _CSF,
    CORD: _CORD,
    RIB_LEFT: _RIB_LEFT,
    RIB_RIGHT: _RIB_RIGHT,
}

# The upper four fifths of plasma at 13 even steps: perceptually uniform, also with red-green
# blindness, and nowhere gray or as dark as anatomy (van der Walt and Smith, matplotlib, CC0).
HEAT_COLORS = np.array(
    [
        (106, 0, 168), (132, 5, 167), (156, 23, 158), (177, 42, 144), (195, 61, 128),
        (211, 81, 113), (225, 100, 98), (237, 121, 83), (246, 143, 68), (252, 166, 54),
        (254, 192, 41), (249, 220, 36), (240, 249, 33),
    ],
    dtype=np.uint8,
)  # fmt: skip
