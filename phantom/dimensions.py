"""Sizes of vertebrae, discs, sac and cord by level: tables of the average adult.

Lengths in mm, sexes pooled. Sources by cohort: vertebral widths, depths and canal are
Panjabi 1991/1992 (cadavers); heights from T9 to L5 are raised to the 24 SPIDER patients (van
der Graaf et al., Sci Data 2024, 11:264), the others by up to 4 % towards the length of the
living spine (anatomy 2); posterior elements and ribs are textbook values, unverified.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from phantom.variants import Variant
from spine.anatomy.levels import Level, Region

# width up, width low, depth up, depth low, posterior height, anterior / posterior height,
# canal AP, canal width, sac AP, sac LR, cord AP, cord LR,
# spinous length, spinous drop (degrees), spinous height, span of the transverse processes
_COLUMNS = (
    "width_up", "width_low", "depth_up", "depth_low", "height_post", "height_ratio",
    "canal_ap", "canal_lr", "sac_ap", "sac_lr", "cord_ap", "cord_lr",
    "spinous_length", "spinous_drop", "spinous_height", "span",
)  # fmt: skip

_CERVICAL = {
    1: (17.5, 17.5, 12.0, 12.0, 10.0, 1.00, 20.0, 26, 15.5, 22.0, 8.8, 12.0, 6, 5, 9, 74),
    2: (17.0, 17.5, 14.5, 15.6, 19.0, 1.00, 19.0, 24.5, 14.5, 21.0, 8.8, 12.4, 20, 15, 14, 56),
    3: (15.8, 17.2, 15.0, 15.6, 12.4, 0.96, 16.2, 22.9, 13.0, 20.0, 8.7, 13.4, 15, 20, 9, 54),
    4: (17.2, 17.0, 15.3, 15.9, 12.2, 0.95, 16.2, 24.7, 12.5, 20.0, 8.5, 14.0, 15, 22, 9, 54),
    5: (17.5, 19.4, 15.2, 17.9, 12.1, 0.94, 16.2, 24.9, 12.2, 20.0, 8.0, 13.6, 16, 22, 9, 56),
    6: (18.5, 22.0, 16.4, 18.5, 12.0, 0.96, 16.2, 25.8, 12.2, 20.0, 7.7, 13.0, 22, 20, 10, 58),
    7: (21.8, 23.4, 17.6, 17.6, 13.5, 0.98, 15.5, 24.5, 12.4, 18.0, 7.4, 11.4, 30, 18, 11, 62),
}  # fmt: skip
_THORACIC = {
    1: (24.5, 27.8, 18.5, 19.7, 15.3, 0.98, 16.0, 21.8, 12.4, 16.5, 7.0, 10.2, 30, 25, 11, 75),
    2: (24.9, 27.4, 19.6, 21.6, 16.8, 0.97, 15.8, 19.5, 12.2, 15.5, 6.8, 9.6, 28, 30, 11, 70),
    3: (24.6, 25.9, 22.2, 23.3, 17.0, 0.96, 16.0, 18.0, 12.2, 15.0, 6.6, 9.2, 28, 38, 11, 66),
    4: (24.5, 26.0, 23.3, 24.5, 17.5, 0.95, 16.2, 17.5, 12.2, 14.8, 6.5, 8.9, 30, 45, 11, 64),
    5: (24.9, 27.0, 24.3, 25.8, 17.6, 0.94, 16.2, 17.3, 12.2, 14.6, 6.4, 8.6, 32, 52, 11, 62),
    6: (26.2, 28.2, 26.0, 26.9, 18.6, 0.93, 16.0, 17.3, 12.2, 14.4, 6.3, 8.4, 34, 56, 11, 60),
    7: (27.8, 29.1, 27.4, 28.5, 19.5, 0.93, 15.8, 17.3, 12.2, 14.4, 6.3, 8.3, 36, 58, 12, 58),
    8: (29.5, 30.5, 27.9, 29.4, 20.1, 0.93, 15.7, 17.5, 12.4, 14.4, 6.3, 8.3, 36, 56, 13, 57),
    9: (30.6, 33.0, 29.3, 31.0, 21.1, 0.93, 15.7, 17.7, 12.6, 14.6, 6.4, 8.4, 34, 48, 14, 55),
    10: (31.9, 35.4, 30.5, 31.6, 21.6, 0.94, 15.5, 18.0, 12.8, 15.0, 6.6, 8.7, 31, 35, 16, 52),
    11: (34.9, 39.1, 31.6, 31.9, 22.8, 0.92, 16.1, 19.5, 13.2, 15.4, 7.0, 9.1, 28, 22, 18, 49),
    12: (39.0, 42.1, 32.6, 33.2, 25.0, 0.93, 17.6, 22.2, 13.8, 16.4, 7.5, 9.4, 27, 14, 20, 47),
}  # fmt: skip
_LUMBAR = {
    1: (41.2, 43.3, 33.8, 34.6, 26.2, 0.95, 18.6, 23.7, 14.2, 18.5, 7.0, 9.0, 29, 10, 22, 71),
    2: (42.6, 45.5, 34.4, 34.9, 27.6, 0.97, 18.2, 23.8, 14.4, 18.6, 6.0, 8.0, 31, 8, 24, 80),
    3: (44.1, 48.0, 35.0, 35.0, 27.4, 1.03, 17.5, 24.3, 14.0, 18.4, 5.0, 7.0, 32, 8, 24, 86),
    4: (46.6, 49.5, 35.3, 34.6, 27.0, 1.05, 18.4, 25.4, 13.6, 17.6, 5.0, 7.0, 31, 8, 22, 88),
    5: (47.3, 49.4, 34.7, 33.6, 24.0, 1.17, 19.0, 27.1, 13.4, 16.4, 5.0, 7.0, 23, 10, 17, 92),
}  # fmt: skip

# Disc height at mid-depth, grades 1 to 3 (anatomy 1.2: radiographs, CT, MR); key: level above.
_CERVICAL_DISCS = {2: 5.4, 3: 5.6, 4: 5.8, 5: 5.5, 6: 5.5, 7: 5.2}
_THORACIC_DISCS = {
    1: 4.8, 2: 4.7, 3: 4.3, 4: 4.2, 5: 4.3, 6: 4.6, 7: 4.8, 8: 5.0, 9: 5.6, 10: 5.9, 11: 6.3,
    12: 7.3,
}  # fmt: skip
_LUMBAR_DISCS = {1: 9.0, 2: 10.2, 3: 11.0, 4: 11.6, 5: 10.6}

_TABLES = {
    Region.CERVICAL: (_CERVICAL, _CERVICAL_DISCS),
    Region.THORACIC: (_THORACIC, _THORACIC_DISCS),
    Region.LUMBAR: (_LUMBAR, _LUMBAR_DISCS),
}


@dataclass(frozen=True, slots=True)
class LevelSize:
    """One vertebra and the canal behind it, mm; angles in degrees."""

    width_up: float
    width_low: float
    depth_up: float
    depth_low: float
    height_post: float
    height_ratio: float
    canal_ap: float
    canal_lr: float
    sac_ap: float
    sac_lr: float
    cord_ap: float
    cord_lr: float
    spinous_length: float
    spinous_drop: float
    spinous_height: float
    span: float


@cache
def level_size(level: Level, variant: Variant) -> LevelSize:
    """Return the size of a vertebra; a count variant spreads its region's table over its levels."""
    table, _ = _TABLES[level.region]
    position = _table_position(level, variant, len(table))
    rows = np.array([table[n] for n in sorted(table)], dtype=float)
    values = [float(np.interp(position, np.arange(1, len(table) + 1), column)) for column in rows.T]
    return LevelSize(**dict(zip(_COLUMNS, values, strict=True)))


def disc_height_mm(above: Level, variant: Variant) -> float:
    """Return the mid-depth height of the disc below a vertebra."""
    table, discs = _TABLES[above.region]
    position = _table_position(above, variant, len(table))
    return float(np.interp(position, sorted(discs), [discs[n] for n in sorted(discs)]))


def _table_position(level: Level, variant: Variant, table_length: int) -> float:
    """Rank of a level in its region, stretched to the table's length."""
    number = int(level.value[1:])
    count = variant.count(level.region)
    if count == table_length:
        return float(number)
    return 1 + (number - 1) * (table_length - 1) / (count - 1)
