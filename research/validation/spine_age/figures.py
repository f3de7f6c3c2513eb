"""Informative figures of the shown cohort, for the JSON beside the targets."""

from collections.abc import Sequence

import numpy as np

from research.estimators.agreement import correlations
from research.estimators.normal_cohort import NormalCohort
from research.estimators.stability import seed_agreement
from research.measurements import Measurement
from research.training.metrics import mean_absolute_error
from research.validation.age.repeats import gaps
from research.validation.spine_age.ages import repeat_pairs
from research.validation.spine_age.cohort import as_cohort
from research.validation.spine_age.context import Context
from research.validation.spine_age.statistics import PREDICTED
from spine.age.bias import correct_bias

_LEAST_PAIRS = 3


def cohort_rows(context: Context, others: Sequence[NormalCohort]) -> list[Measurement]:
    """Return shares of abnormal series, agreement of seeds, error and spread of the gap."""
    table, data = context.table, context.data
    groups = [("all", table), *((f"bracket {b}", part) for b, part in table.groupby("bracket"))]
    rows = [
        Measurement(f"{name}: share abnormal", float((~p["normal"]).mean()), "1", data, len(p))
        for name, p in groups
    ]
    if others:
        found = seed_agreement([as_cohort(table), *others]).set_index("bracket").loc[0]
        name = f"flags equal under {1 + len(others)} seeds"
        value = float(found["same_under_all"])
        rows.append(Measurement(name, value, "1", data, len(table)))
    return [*rows, *_gap_rows(context)]


def _gap_rows(context: Context) -> list[Measurement]:
    found, data = context.statistics, context.data
    if found is None:
        return [Measurement("series with a gap", None, "series", data, 0)]
    test = context.table[context.part("test") & context.table[PREDICTED].notna().to_numpy()]
    corrected = correct_bias(test[PREDICTED].to_numpy(dtype=np.float64), found.correction.line)
    age = test["age_years"].to_numpy(dtype=np.float64)
    error = mean_absolute_error(age, corrected) if len(test) else None
    spread = float(np.std(found.gaps.years, ddof=1)) if len(found.table) > 1 else None
    pairs = repeat_pairs(found.table, found.correction)
    icc = correlations(gaps(pairs)).one_way if len(pairs) >= _LEAST_PAIRS else None
    return [
        Measurement("normal test series: MAE, corrected", error, "years", data, len(test)),
        Measurement("full-test set: SD of the gap", spread, "years", data, len(found.table)),
        Measurement("repeat scans: ICC(1,1) of the gap", icc, "1", data, len(pairs)),
    ]
