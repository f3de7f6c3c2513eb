"""Who was measured: scans by part, age bracket and sex (P1, Table 1 and Figure 2)."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from research.cohort import SubjectRecord
from research.validation.age.predictions import Prediction
from research.worlds.age import NORMAL_SERIES, Part
from spine.age.interval import BRACKETS_START_YEARS

Seen = tuple[Part, str, float, str]
"""Part, sex, age in years and who was scanned."""

_BRACKETS = tuple(pairwise(BRACKETS_START_YEARS))


def seen_in(predictions: Sequence[Prediction]) -> list[Seen]:
    """Return the scans that a network was asked about."""
    return [(p.part, p.sex, p.age_years, p.person_id) for p in predictions]


def seen_in_records(part: Part, records: Sequence[SubjectRecord]) -> list[Seen]:
    """Return the scans of a part on disk."""
    return [(part, record.sex, record.age_years, record.person) for record in records]


def brackets_table(seen: Sequence[Seen]) -> pd.DataFrame:
    """Count scans by bracket, sex and part, beside P1's normal series."""
    parts = [part for part in Part if any(part is item[0] for item in seen)]
    counts = Counter(
        (part, sex, bracket)
        for part, sex, age, _ in seen
        for bracket in _BRACKETS
        if bracket[0] <= age < bracket[1]
    )
    lines = []
    for (first, end), normal in zip(_BRACKETS, NORMAL_SERIES, strict=True):
        line: dict[str, object] = {"age, years": f"{first}-{end - 1}"}
        for part in parts:
            for sex in ("M", "F"):
                line[f"{part.value}, {sex}"] = counts[part, sex, (first, end)]
        line |= {"P1 normal, M": normal[0], "P1 normal, F": normal[1]}
        lines.append(line)
    return pd.DataFrame(lines)


def flow_table(seen: Sequence[Seen]) -> pd.DataFrame:
    """Count scans and people of each part, and who is outside P1's ages."""
    lines = []
    for part in Part:
        of_part = [item for item in seen if item[0] is part]
        if not of_part:
            continue
        ages = [age for _, _, age, _ in of_part]
        first, end = BRACKETS_START_YEARS[0], BRACKETS_START_YEARS[-1]
        lines.append(
            {
                "part": part.value,
                "scans": len(of_part),
                "people": len({person for *_, person in of_part}),
                "outside 25-84 years": sum(not first <= age < end for age in ages),
                "men, %": 100 * sum(sex == "M" for _, sex, _, _ in of_part) / len(of_part),
                "age, mean": sum(ages) / len(ages),
            }
        )
    return pd.DataFrame(lines)
