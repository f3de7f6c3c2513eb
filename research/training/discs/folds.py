"""Folds by patient, each with an inner part that chooses the checkpoint and the temperature."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from research.followups import Followup, refuse

_INNER_SHARE = 0.125


class OfPatient(Protocol):
    """A row of any table of discs."""

    @property
    def patient_id(self) -> str:
        """Whose disc it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Positions in a table of discs; no patient is in two.

    Attributes
    ----------
    number : of the fold; None for the parts of the network that ships
    test : empty where the network ships
    """

    number: int | None
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def fold_by_patient(rows: Sequence[Followup], count: int, seed: int) -> dict[str, int]:
    """Deal patients out to folds, or take the folds that the table gives.

    Parameters
    ----------
    count : of folds, from 2 to the number of patients
    """
    if all(row.fold is not None for row in rows):
        return {row.patient_id: row.fold or 0 for row in rows}
    return dealt({row.patient_id for row in rows}, count, seed)


def dealt(patients: Collection[str], count: int, seed: int) -> dict[str, int]:
    """Deal patients out to folds.

    Parameters
    ----------
    count : of folds, from 2 to the number of patients
    """
    if not 2 <= count <= len(patients):
        raise ValueError(f"{count} folds of {len(patients)} patients")
    names = sorted(patients)
    order = np.random.default_rng([seed, 30]).permutation(len(names))
    return {names[int(place)]: rank % count for rank, place in enumerate(order)}


def parts_of_fold(rows: Sequence[Followup], folds: dict[str, int], number: int, seed: int) -> Parts:
    """Part the rows of one scale for one fold.

    Raises
    ------
    FollowupsError
        Naming the rows of a follow-up grade that is empty in the training part.
    """
    is_test = np.array([folds[row.patient_id] == number for row in rows])
    inner = _inner_patients([r for r, t in zip(rows, is_test, strict=True) if not t], seed + number)
    is_inner = np.array([row.patient_id in inner for row in rows]) & ~is_test
    is_training = ~is_test & ~is_inner
    known = {row.followup for row, used in zip(rows, is_training, strict=True) if used}
    lacking = [row for row in rows if row.followup not in known]
    named = ", ".join(str(grade) for grade in sorted({row.followup for row in lacking}))
    refuse(f"grade {named} is empty in the training part of fold {number}", lacking)
    return Parts(number, *(np.flatnonzero(part) for part in (is_training, is_inner, is_test)))


def parts_of_all(rows: Sequence[OfPatient], seed: int) -> Parts:
    """Part the rows for the network that ships: nobody is held out but the inner part."""
    inner = _inner_patients(rows, seed)
    is_inner = np.array([row.patient_id in inner for row in rows])
    empty = np.empty(0, np.int64)
    return Parts(None, np.flatnonzero(~is_inner), np.flatnonzero(is_inner), empty)


def _inner_patients(rows: Sequence[OfPatient], seed: int) -> set[str]:
    patients = sorted({row.patient_id for row in rows})
    count = max(1, round(_INNER_SHARE * len(patients)))
    chosen = np.random.default_rng([seed, 31]).permutation(len(patients))[:count]
    return {patients[int(place)] for place in chosen}
