"""The 54 exposures of P1's Tables 5 and 6, in five models."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.vocabulary import (
    LEVELS,
    LIFESTYLE,
    REGIONS,
    Condition,
    Severity,
    finding_column,
)
from spine.anatomy.levels import Region


class Model(StrEnum):
    """The five regressions, in the order in which P1 prints them."""

    LUMBAR = "lumbar"
    STRUCTURAL = "structural"
    LIFESTYLE = "lifestyle"
    CERVICAL = "cervical"
    THORACIC = "thoracic"


@dataclass(frozen=True, slots=True)
class Counted:
    """At how many levels of a region a condition has a severity."""

    region: Region
    condition: Condition
    severity: Severity
    more_than: int


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the tables.

    Attributes
    ----------
    name : unique in all five models; the column of a term that is not counted
    label : as P1 prints it
    """

    model: Model
    name: str
    label: str
    counted: Counted | None = None


_MILD, _MODERATE, _SEVERE = Severity.MILD, Severity.MODERATE, Severity.SEVERE
_EXCEEDING = (
    (Condition.DISC_BULGE, "disc bulge", ((_MILD, 2), (_MODERATE, 1), (_SEVERE, 0))),
    (
        Condition.DESICCATION,
        "disc desiccation",
        ((_MILD, 1), (_MODERATE, 0), (_SEVERE, 0), (Severity.NEAR_COMPLETE, 0)),
    ),
    (Condition.ANNULAR_FISSURE, "Disc annular fissure", ((_MILD, 0),)),
    (Condition.ENDPLATE_CHANGE, "Vertebral endplate change", ((_MILD, 0),)),
    (Condition.DISC_OSTEOPHYTE, "disc osteophyte", ((_MILD, 1), (_MODERATE, 0))),
    (Condition.PROTRUSION, "disc protrusion", ((_MILD, 1), (_MODERATE, 0))),
    (Condition.EXTRUSION, "disc extrusion", ((_MILD, 0),)),
)
_REGIONS = (
    (Model.LUMBAR, Region.LUMBAR),
    (Model.CERVICAL, Region.CERVICAL),
    (Model.THORACIC, Region.THORACIC),
)
# What Table 6 leaves out of the thoracic spine, where few or none have it.
_NOT_THORACIC = {
    (Condition.DISC_BULGE, _MODERATE),
    (Condition.DISC_BULGE, _SEVERE),
    (Condition.DESICCATION, Severity.NEAR_COMPLETE),
    (Condition.DISC_OSTEOPHYTE, _MODERATE),
}
_STRUCTURAL = {
    "spondylolisthesis": "Spondylolisthesis",
    "scoliosis": "Scoliosis",
    "kyphosis_or_lordosis": "Kyphosis or lordosis",
    "fracture": "Fracture",
    "spinal_stenosis": "Spinal stenosis",
    "congenital_canal_narrowing": "Congenital spinal canal narrowing",
    "cord_abnormality": "Cord abnormalities",
    "transitional_vertebra": "Transitional vertebra",
    "tarlov_cyst": "Tarlov perineural cyst",
}
_LIFESTYLE = (
    "Packs per day smoked",
    "Days per week consuming alcohol",
    "Time sedentary",
    "Physically moderate work",
    "Physically heavy work",
    "Moderate exercise",
    "Vigorous exercise",
)


@cache
def terms() -> tuple[Term, ...]:
    """Return all 54 terms in the order of Tables 5 and 6.

    Source
    ------
    P1, Tables 5 and 6: lumbar 14, structural 9, lifestyle 7, cervical 14, thoracic 10.
    """
    structural = [Term(Model.STRUCTURAL, *names) for names in _STRUCTURAL.items()]
    lifestyle = [Term(Model.LIFESTYLE, *names) for names in zip(LIFESTYLE, _LIFESTYLE, strict=True)]
    counted = {model: list(_counted(model, region)) for model, region in _REGIONS}
    found = {Model.STRUCTURAL: structural, Model.LIFESTYLE: lifestyle, **counted}
    return tuple(term for model in Model for term in found[model])


def _counted(model: Model, region: Region) -> Iterator[Term]:
    for condition, words, steps in _EXCEEDING:
        for severity, more_than in steps:
            if model is Model.THORACIC and (condition, severity) in _NOT_THORACIC:
                continue
            graded = len(steps) > 1 or condition is Condition.EXTRUSION
            grade = severity.word.replace("_", " ").capitalize() + " " if graded else ""
            name = f"{REGIONS[region]}_{condition}" + (f"_{severity.word}" if graded else "")
            label = f"{grade}{words} (No.>{more_than})"
            yield Term(model, name, label, Counted(region, condition, severity, more_than))


def exposures(table: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Return a column a term of the model; terms whose column the table lacks are left out.

    Of several severities of a condition only the most severe whose count is exceeded is set
    (P1, section 4.5); the reference is everybody else.

    Parameters
    ----------
    table : typed reports (`schema.Reports.table`)

    Returns
    -------
    float64, indexed as the table; 1 or 0, or the number of a continuous term; NaN unknown
    """
    columns: dict[str, NDArray[np.float64]] = {}
    taken: dict[Condition, NDArray[np.bool_]] = {}
    for term in reversed([term for term in terms() if term.model is model]):
        if term.counted is None:
            if term.name in table.columns:
                columns[term.name] = table[term.name].to_numpy(dtype=np.float64)
            continue
        met = count_levels(table, term.counted) > term.counted.more_than
        worse = taken.get(term.counted.condition, np.zeros(len(table), dtype=np.bool_))
        columns[term.name] = (met & ~worse).astype(np.float64)
        taken[term.counted.condition] = met | worse
    ordered = [term.name for term in terms() if term.name in columns]
    return pd.DataFrame(columns, index=table.index)[ordered]


def count_levels(table: pd.DataFrame, counted: Counted) -> NDArray[np.int64]:
    """Count the levels at which the condition has exactly the severity, shape (rows,)."""
    names = [
        finding_column(level, counted.condition)
        for level in LEVELS
        if level.region is counted.region
    ]
    present = table[[name for name in names if name in table.columns]].to_numpy()
    number: NDArray[np.int64] = (present == int(counted.severity)).sum(axis=1)
    return number
