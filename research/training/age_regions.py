"""Parts of the spine that a network may be shown alone (P1, section 4.2.3)."""

from enum import StrEnum

import numpy as np

from spine.anatomy.labels import DISC_BY_LABEL, LEVEL_BY_LABEL
from spine.anatomy.levels import Region
from spine.imaging.volume import LabelMap


class AgeRegion(StrEnum):
    """What is left of the mask."""

    WHOLE = "whole"
    CERVICAL = "cervical"
    THORACIC = "thoracic"
    LUMBAR = "lumbar"


_SPINE_REGION = {
    AgeRegion.CERVICAL: Region.CERVICAL,
    AgeRegion.THORACIC: Region.THORACIC,
    AgeRegion.LUMBAR: Region.LUMBAR,
}


def labels_of(labels: LabelMap, region: AgeRegion) -> LabelMap:
    """Keep a region's vertebrae and the discs below them; of the whole spine everything."""
    if region is AgeRegion.WHOLE:
        return labels
    wanted = _SPINE_REGION[region]
    kept = np.zeros(256, dtype=bool)
    for value, level in LEVEL_BY_LABEL.items():
        kept[value] = level.region is wanted
    for value, disc in DISC_BY_LABEL.items():
        kept[value] = disc.above.region is wanted
    return LabelMap(np.where(kept[labels.data], labels.data, np.uint8(0)), labels.affine)
