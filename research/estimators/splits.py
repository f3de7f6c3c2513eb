"""Who trains, who validates and who is tested: by person, even in sex and age (P1, 3.1)."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.faults import ReportsError


class Part(StrEnum):
    """Where a series belongs.

    `ABNORMAL` is everyone with any abnormal series, their normal series included: never in
    training or validation.
    """

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"
    ABNORMAL = "abnormal"


SHARES = {Part.TRAINING: 8491 / 10611, Part.VALIDATION: 1051 / 10611, Part.TEST: 1069 / 10611}
"""P1, section 3.1."""

COLUMNS = ("series", "patient", "sex", "bracket", "normal", "part", "full_test")


@dataclass(frozen=True, slots=True)
class PartSize:
    """Numbers of series; P1's are 8,491, 1,051, 1,069 and 8,528 in the full-test set."""

    training: int
    validation: int
    test: int
    full_test: int


def split(flags: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Give every series its part.

    Parameters
    ----------
    flags : series, patient, sex, bracket, normal; as `NormalCohort.flags`

    Returns
    -------
    `COLUMNS`, indexed as `flags`; `full_test` is true for test and abnormal parts
    """
    abnormal = flags.loc[~flags["normal"], "patient"].unique()
    people = flags[~flags["patient"].isin(abnormal)].drop_duplicates("patient")
    parts = pd.Series(_dealt(people, np.random.default_rng(seed)), dtype=object)
    part = flags["patient"].map(parts).fillna(Part.ABNORMAL.value)
    full_test = part.isin([Part.TEST.value, Part.ABNORMAL.value])
    return flags.assign(part=part, full_test=full_test)[list(COLUMNS)]


def count_parts(splits: pd.DataFrame) -> PartSize:
    """Count the series of each part."""
    counts = splits["part"].value_counts()
    return PartSize(
        int(counts.get(Part.TRAINING.value, 0)),
        int(counts.get(Part.VALIDATION.value, 0)),
        int(counts.get(Part.TEST.value, 0)),
        int(splits["full_test"].sum()),
    )


def tabulate_parts(splits: pd.DataFrame) -> pd.DataFrame:
    """Count series by sex, bracket and part, as in P1's Figure 2."""
    counts = splits.groupby(["sex", "bracket", "part"]).size().unstack("part", fill_value=0)
    return counts.reindex(columns=[part.value for part in Part], fill_value=0).reset_index()


def write_splits(splits: pd.DataFrame, path: Path) -> None:
    """Write the splits, so that training and every later table use the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    splits[list(COLUMNS)].to_csv(path, index=False, lineterminator="\n")


def read_splits(path: Path) -> pd.DataFrame:
    """Read what `write_splits` wrote.

    Raises
    ------
    ReportsError
        If a column is missing, a part is unknown, a series stands twice, or a person is in two
        parts.
    """
    names = {"series": str, "patient": str, "sex": str, "part": str}
    splits = pd.read_csv(path, dtype=names, keep_default_na=False)
    lacking = [name for name in COLUMNS if name not in splits]
    if lacking:
        raise ReportsError(f"{path.name}: columns are missing: {', '.join(lacking)}")
    if not splits["part"].isin([part.value for part in Part]).all():
        raise ReportsError(f"{path.name}: a part is not one of {', '.join(Part)}")
    if splits["series"].duplicated().any():
        raise ReportsError(f"{path.name}: a series stands twice")
    if (splits.groupby("patient")["part"].nunique() > 1).any():
        raise ReportsError(f"{path.name}: a person is in two parts")
    return splits[list(COLUMNS)]


def _dealt(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, str]:
    """Deal people out stratum by stratum, each time to the part that lacks most.

    So every part has its share of any run of people: of all, and of each sex and bracket.
    """
    order = people.iloc[rng.permutation(len(people))].sort_values(["sex", "bracket"], kind="stable")
    parts = list(SHARES)
    shares = np.array([SHARES[part] for part in parts])
    counts: NDArray[np.float64] = np.zeros(len(parts))
    dealt = {}
    for number, patient in enumerate(order["patient"], start=1):
        place = int(np.argmax(shares * number - counts))
        counts[place] += 1
        dealt[patient] = parts[place].value
    return dealt
