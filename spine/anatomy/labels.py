"""The one table of label values, and what each stands for.

Instances carry TotalSpineSeg's numbers; the numbers it lacks are ours
(docs/adr/0002-axes-and-labels.md). The sacrum is one instance: S1 names only
the lower side of its disc. A missing level leaves its number out.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.levels import DiscLevel, Level, Region

CORD = 1
CSF = 2
SACRUM = 50
RIB_LEFT = 111
RIB_RIGHT = 112


class TissueClass(IntEnum):
    """The eight classes that P1 masks with (section 2.4), as the network predicts them."""

    BACKGROUND = 0
    CERVICAL = 1
    THORACIC = 2
    LUMBAR = 3
    SACRUM = 4
    DISC = 5
    RIB = 6
    CSF = 7
    CORD = 8


class FineClass(IntEnum):
    """What the fine net tells apart; which region a vertebra is of, the coarse net says."""

    BACKGROUND = 0
    VERTEBRA = 1
    SACRUM = 2
    DISC = 3
    RIB = 4
    CSF = 5
    CORD = 6


VERTEBRA_LABELS: dict[Level, int] = {
    **{Level(f"C{n}"): 10 + n for n in range(1, 8)},
    **{Level(f"T{n}"): 20 + n for n in range(1, 14)},
    **{Level(f"L{n}"): 40 + n for n in range(1, 8)},
    Level.S1: SACRUM,
}

DISC_LABELS: dict[DiscLevel, int] = {
    **{DiscLevel(f"C{n}/C{n + 1}"): 61 + n for n in range(2, 7)},
    DiscLevel.C7_T1: 71,
    **{DiscLevel(f"T{n}/T{n + 1}"): 71 + n for n in range(1, 12)},
    DiscLevel.T12_T13: 83,
    DiscLevel.T13_L1: 84,
    DiscLevel.T11_L1: 85,
    DiscLevel.L4_S1: 86,
    DiscLevel.T12_L1: 91,
    **{DiscLevel(f"L{n}/L{n + 1}"): 91 + n for n in range(1, 5)},
    DiscLevel.L5_L6: 96,
    DiscLevel.L6_L7: 97,
    DiscLevel.L6_S1: 98,
    DiscLevel.L7_S1: 99,
    DiscLevel.L5_S1: 100,
}

LEVEL_BY_LABEL = {value: level for level, value in VERTEBRA_LABELS.items()}
DISC_BY_LABEL = {value: disc for disc, value in DISC_LABELS.items()}

_CLASS_BY_REGION = {
    Region.CERVICAL: TissueClass.CERVICAL,
    Region.THORACIC: TissueClass.THORACIC,
    Region.LUMBAR: TissueClass.LUMBAR,
    Region.SACRAL: TissueClass.SACRUM,
}


def classes_from_labels(labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Turn instance labels into tissue classes, any shape; unknown values raise ValueError."""
    lookup = np.full(256, 255, dtype=np.uint8)
    for value, tissue in _CLASS_BY_LABEL.items():
        lookup[value] = tissue
    classes: NDArray[np.uint8] = lookup[labels]
    if (classes == 255).any():
        raise ValueError(f"unknown label values: {np.unique(labels[classes == 255])}")
    return classes


def fine_from_tissue(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn values of `TissueClass` into those of `FineClass`, any shape."""
    return _FINE_BY_TISSUE[classes]


_FINE_BY_TISSUE = np.array(
    [
        FineClass.VERTEBRA
        if tissue in (TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR)
        else FineClass[tissue.name]
        for tissue in TissueClass
    ],
    dtype=np.uint8,
)

_CLASS_BY_LABEL: dict[int, TissueClass] = {
    0: TissueClass.BACKGROUND,
    CORD: TissueClass.CORD,
    CSF: TissueClass.CSF,
    RIB_LEFT: TissueClass.RIB,
    RIB_RIGHT: TissueClass.RIB,
    **{value: _CLASS_BY_REGION[level.region] for level, value in VERTEBRA_LABELS.items()},
    **dict.fromkeys(DISC_LABELS.values(), TissueClass.DISC),
}
