"""Who the discs belong to, beside P2's Tables 1 to 3."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.discs.groups import AGES, BMIS, Groups, by_age, by_bmi
from research.estimators.discs.predictions import Predictions
from research.estimators.discs.published import (
    PEOPLE,
    PUBLISHED,
    SUBJECTS_BY_AGE,
    SUBJECTS_BY_BMI,
    SUBJECTS_BY_SEX,
)
from research.pages import Table
from spine.anatomy.grades import Scale

_PRINTED = "P2"
_SEXES = {"M": "male", "F": "female"}


def table_1(studies: Mapping[Scale, Predictions]) -> list[Table]:
    """Return people by age, sex and BMI, and progression by age."""
    discs = next(iter(studies.values()))
    _, first = np.unique(discs.patient, return_index=True)
    sexes: Groups = [(sex, discs.sex[first] == sex) for sex in np.unique(discs.sex)]
    printed = {
        **dict(zip(AGES, SUBJECTS_BY_AGE, strict=True)),
        **{_SEXES[sex]: count for sex, count in SUBJECTS_BY_SEX.items()},
        **dict(zip(BMIS, SUBJECTS_BY_BMI, strict=True)),
    }
    parts = [
        *(("age, years", *one) for one in by_age(discs.age_years[first])),
        *(("sex", _SEXES.get(name, name), members) for name, members in sexes),
        *(("BMI, kg/m2", *one) for one in by_bmi(discs.bmi[first])),
    ]
    people = pd.DataFrame([_people(*part, printed.get(part[1])) for part in parts])
    rows = [row for scale, own in studies.items() for row in _progression(scale, own)]
    return [
        Table("table-1-people", people, "Table 1: people.", (_PRINTED, "P2, %"), 1),
        Table(
            "table-1-progression",
            pd.DataFrame(rows),
            "Table 1: progression by age, in percent of discs.",
            (_PRINTED,),
            1,
        ),
    ]


def table_2(studies: Mapping[Scale, Predictions]) -> Table:
    """Return the shares of grades at baseline and at follow-up."""
    rows = []
    for scale, own in studies.items():
        printed = PUBLISHED[scale]
        for when, seen, expected in (
            ("baseline", own.baseline, printed.baseline),
            ("follow-up", own.followup, printed.followup),
        ):
            rows += [
                {"scale": scale.value, "when": when, "grade": str(grade),
                 "here, %": _percent(seen == grade), _PRINTED: value}
                for grade, value in zip(own.grades, expected, strict=True)
            ]  # fmt: skip
        rows.append(
            {"scale": scale.value, "when": "follow-up", "grade": "progressed",
             "here, %": _percent(own.progressed), _PRINTED: printed.progression}
        )  # fmt: skip
    return Table("table-2", pd.DataFrame(rows), "Table 2, in percent of discs.", (_PRINTED,), 1)


def table_3(studies: Mapping[Scale, Predictions]) -> Table:
    """Return the baseline grades of discs of each follow-up grade."""
    rows = []
    for scale, own in studies.items():
        for after, expected in zip(own.grades, PUBLISHED[scale].baseline_of_followup, strict=True):
            same = own.followup == after
            pairs = zip(own.grades, expected, strict=True)
            rows += [
                {"scale": scale.value, "follow-up": int(after), "baseline": int(before),
                 "discs": int(same.sum()), "here, %": _percent(own.baseline[same] == before),
                 _PRINTED: value}
                for before, value in pairs
            ]  # fmt: skip
    caption = "Table 3: baseline grades of the discs of each follow-up grade, in percent."
    return Table("table-3", pd.DataFrame(rows), caption, (_PRINTED,), 1)


def _people(
    what: str, group: str, members: NDArray[np.bool_], printed: int | None
) -> dict[str, object]:
    share = float("nan") if printed is None else 100 * printed / PEOPLE
    return {
        "": what, "group": group, "people": int(members.sum()), "%": _percent(members),
        _PRINTED: printed, "P2, %": share,
    }  # fmt: skip


def _progression(scale: Scale, own: Predictions) -> Sequence[dict[str, object]]:
    printed = dict(zip(AGES, PUBLISHED[scale].by_age, strict=True))
    return [
        {"scale": scale.value, "age, years": name, "discs": int(members.sum()),
         "here, %": _percent(own.progressed[members]), _PRINTED: printed[name]}
        for name, members in by_age(own.age_years)
    ]  # fmt: skip


def _percent(flags: NDArray[np.bool_]) -> float:
    return 100 * float(flags.mean()) if len(flags) else float("nan")
