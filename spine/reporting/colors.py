"""One color per structure, the same on the pictures and in the segmentation objects.

Colors only help to tell neighbors apart; every structure is also named in words.
"""

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
