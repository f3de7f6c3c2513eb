"""Tables of the report: what was measured beside what P1 printed and what the population holds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from research.estimators.associations import Association, false_discovery_rates
from research.estimators.clustered import Estimate
from research.estimators.gap_and_age import Interaction
from research.estimators.odds import ConditionOdds
from research.estimators.table1 import PUBLISHED, tabulate_classes
from research.estimators.terms import Model
from research.validation.spine_age.printed import printed_effects

PRINTED_EFFECTS = ("P1 n", "P1 effect", "P1 low", "P1 high")
_NONE = Estimate(np.nan, np.nan, np.nan, np.nan)


def associations_table(
    rows: Sequence[Association], estimands: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Lay out Tables 5 and 6 with every column, the five models in turn.

    Parameters
    ----------
    estimands : by term, of a virtual world
    """
    rates = false_discovery_rates(rows)
    p1 = printed_effects()
    return pd.DataFrame(
        [
            _association(row, float(rate), estimands) | _printed_effect(p1.loc[row.term.name])
            for row, rate in zip(rows, rates, strict=True)
        ]
    )


def table_of(model: Model, whole: pd.DataFrame) -> pd.DataFrame:
    """Return one model's lines; a column that nobody has a value in is left out."""
    part = whole[whole["model"] == model.value].drop(columns="model")
    return part.drop(columns="remark") if (part["remark"] == "").all() else part


def _association(
    row: Association, rate: float, estimands: Mapping[str, float] | None
) -> dict[str, object]:
    plain, spline = row.plain or _NONE, row.spline or _NONE
    line: dict[str, object] = {
        "model": row.term.model.value,
        "condition": row.term.label,
        "n": row.people,
        "effect": plain.value,
        "low": plain.low,
        "high": plain.high,
        "p": plain.p,
        "FDR": rate,
        "effect, age held": spline.value,
        "low, age held": spline.low,
        "high, age held": spline.high,
    }
    if estimands is not None:
        truth = estimands[row.term.name]
        inside = None if row.plain is None or np.isnan(truth) else plain.low <= truth <= plain.high
        line |= {"population": truth, "population inside": inside}
    return line | {"remark": row.omitted}


def _printed_effect(line: pd.Series) -> dict[str, object]:
    values = (int(line["n"]), line["effect"], line["low"], line["high"])
    return dict(zip(PRINTED_EFFECTS, values, strict=True))


def odds_table(
    lines: Sequence[ConditionOdds], estimands: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Lay out Figure 6 with its four cells."""
    return pd.DataFrame([_odds(line, estimands) for line in lines])


def _odds(line: ConditionOdds, estimands: Mapping[str, float] | None) -> dict[str, object]:
    cells, crude, adjusted = line.cells, line.crude, line.adjusted
    found: dict[str, object] = {
        "condition": line.term.label,
        "older, with": cells.older_with,
        "older, without": cells.older_without,
        "younger, with": cells.younger_with,
        "younger, without": cells.younger_without,
        "odds ratio": crude.value,
        "low": crude.low,
        "high": crude.high,
        "adjusted": adjusted.value,
        "adjusted low": adjusted.low,
        "adjusted high": adjusted.high,
        "method": "Firth" if adjusted.firth else "maximum likelihood",
    }
    if estimands is not None:
        found["population"] = estimands[line.term.name]
    return found


def interaction_table(
    found: Interaction, estimands: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Lay out the numbers behind Figure 7."""
    lines = {
        "slope of the gap on age, demanding work": ("exposed", found.exposed),
        "slope of the gap on age, none": ("others", found.others),
        "difference of the slopes": ("difference", found.difference),
        "gap with demanding work less without, at 55 years": ("at_center", found.at_center),
    }
    rows = [
        {"number": name, "value": one.value, "low": one.low, "high": one.high, "p": one.p}
        | ({} if estimands is None else {"population": estimands[key]})
        for name, (key, one) in lines.items()
    ]
    return pd.DataFrame([*rows, {"number": "lines cross at, years", "value": found.crossing_years}])


def classes_table(table: pd.DataFrame) -> pd.DataFrame:
    """Count normal and abnormal series by bracket and sex (P1, Table 1).

    Parameters
    ----------
    table : bracket, sex and normal of each series
    """
    rows = []
    for bracket, (men, women, abnormal_men, abnormal_women) in PUBLISHED.items():
        for sex, name, *p1 in (
            ("M", "male", men, abnormal_men),
            ("F", "female", women, abnormal_women),
        ):
            normal = table.loc[(table["bracket"] == bracket) & (table["sex"] == sex), "normal"]
            rows.append((bracket, name, int(normal.sum()), int((~normal).sum()), *p1))
    columns = ["bracket", "sex", "normal", "abnormal", "P1 normal", "P1 abnormal"]
    return pd.DataFrame(rows, columns=columns)


def shares_table(table: pd.DataFrame) -> pd.DataFrame:
    """Give the share of abnormal series by bracket and of all, in percent."""
    found = tabulate_classes(table)
    return pd.DataFrame(
        {
            "bracket": found["bracket"].astype(str).replace("0", "all"),
            "abnormal, %": 100 * found["abnormal_share"],
            "P1 abnormal, %": 100 * found["abnormal_share_in_p1"],
        }
    )
