"""Typed reports, as `read_reports` returns them, for tests."""

import numpy as np
import pandas as pd

from research.estimators.gaps import Correction, Gaps
from research.estimators.vocabulary import LEVELS, STRUCTURAL, Condition, finding_column
from spine.inference.models import BiasLine


def reports(rows, **columns):
    """Reports without any finding, but for the columns given."""
    names = [finding_column(level, condition) for level in LEVELS for condition in Condition]
    empty = dict.fromkeys([*names, *STRUCTURAL], np.zeros(rows, dtype=np.int8))
    return pd.DataFrame(empty | columns)


def exact(table, gap):
    """Gaps of a network without bias, so that no error comes from its correction."""
    years = np.asarray(gap, dtype=np.float64)
    corrected = table["age_years"].to_numpy() + years
    return Gaps(years, corrected, Correction(BiasLine(1.0, 0.0, 3)))
