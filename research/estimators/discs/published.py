"""What P2 printed, in percent unless said otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.grades import Scale

Row = tuple[float, ...]
Spread = tuple[float, float]
"""Mean and standard deviation over five folds."""


@dataclass(frozen=True, slots=True)
class Published:
    """One scale of Tables 1 to 4.

    Attributes
    ----------
    by_age : progression from 18 to 40, from 40 to 50, over 50 years (Table 1)
    baseline, followup, progression : shares of grades, and of discs that progressed (Table 2)
    baseline_of_followup : a row a follow-up grade, its shares of baseline grades (Table 3)
    table_4 : by measure
    """

    by_age: Row
    baseline: Row
    followup: Row
    progression: float
    baseline_of_followup: tuple[Row, ...]
    table_4: Mapping[str, Spread]

    @property
    def joint(self) -> NDArray[np.float64]:
        """Shares of discs by baseline and follow-up grade: Table 3 times Table 2's follow-up.

        Returns
        -------
        float64, shape (baseline grades, follow-up grades), sum 1
        """
        given = np.array(self.baseline_of_followup)
        table = (given / given.sum(axis=1, keepdims=True) * np.array(self.followup)[:, None]).T
        return np.asarray(table / table.sum())


_MEASURES = ("TP", "TN", "FP", "FN", "accuracy", "precision", "recall", "F1")


def _table_4(*spreads: Spread) -> Mapping[str, Spread]:
    return MappingProxyType(dict(zip(_MEASURES, spreads, strict=True)))


# Table 1.
SUBJECTS_BY_AGE = (412, 512, 419)
PEOPLE = sum(SUBJECTS_BY_AGE)
SUBJECTS_BY_SEX = MappingProxyType({"M": 524, "F": 819})
SUBJECTS_BY_BMI = (100, 920, 323)

PUBLISHED: Mapping[Scale, Published] = MappingProxyType(
    {
        Scale.SCHNEIDERMAN: Published(
            by_age=(56.4, 67.4, 69.1),
            baseline=(58.6, 16.1, 18.5, 6.8),
            followup=(6.4, 51.0, 39.2, 3.4),
            progression=64.6,
            baseline_of_followup=(
                (92.8, 4.2, 2.6, 0.4),
                (85.1, 9.4, 4.6, 0.9),
                (23.6, 27.8, 38.6, 10.0),
                (2.2, 3.5, 25.3, 69.0),
            ),
            table_4=_table_4(
                (62.0, 2.6), (28.2, 3.9), (7.2, 1.0), (2.6, 1.0),
                (90.2, 0.9), (89.6, 1.1), (96.0, 1.3), (92.7, 1.3),
            ),
        ),
        Scale.BULGING: Published(
            by_age=(13.7, 24.7, 31.5),
            baseline=(80.2, 19.0, 0.8, 0.0),
            followup=(60.3, 38.0, 1.5, 0.2),
            progression=23.4,
            baseline_of_followup=(
                (95.8, 4.2, 0.0, 0.0),
                (57.4, 41.1, 1.5, 0.0),
                (39.1, 54.5, 5.5, 0.9),
                (10.0, 50.0, 40.0, 0.0),
            ),
            table_4=_table_4(
                (18.0, 3.5), (72.4, 2.8), (4.2, 0.6), (5.4, 0.2),
                (90.4, 1.1), (80.2, 4.3), (76.5, 3.5), (78.3, 4.2),
            ),
        ),
        Scale.PFIRRMANN: Published(
            by_age=(10.3, 14.5, 17.5),
            baseline=(0.2, 24.2, 44.8, 30.1, 0.7),
            followup=(0.8, 35.0, 32.9, 29.4, 1.9),
            progression=14.1,
            baseline_of_followup=(
                (1.9, 87.0, 11.1, 0.0, 0.0),
                (0.5, 48.3, 49.3, 1.9, 0.0),
                (0.0, 16.3, 64.9, 18.8, 0.0),
                (0.0, 4.0, 20.3, 74.9, 0.8),
                (0.0, 0.8, 3.8, 73.1, 22.3),
            ),
            table_4=_table_4(
                (8.7, 1.4), (81.2, 3.8), (4.7, 1.1), (5.4, 1.5),
                (89.9, 2.1), (64.9, 3.7), (60.4, 3.4), (62.6, 3.5),
            ),
        ),
    }
)  # fmt: skip
