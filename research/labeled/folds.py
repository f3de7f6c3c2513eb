"""Folds by patient: made once and written down."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from research.labeled.cases import LabeledCase
from research.labeled.errors import Fault, LabeledDataError


class Fold(NamedTuple):
    """Names of cases; no patient is on both sides."""

    training: tuple[str, ...]
    validation: tuple[str, ...]


def folds_by_patient(cases: Sequence[LabeledCase], count: int, seed: int) -> tuple[Fold, ...]:
    """Deal the patients out to folds; each patient is validated on in exactly one.

    Parameters
    ----------
    count : of folds, from 2 to the number of patients
    seed : the same cases, count and seed give the same folds
    """
    patients = sorted({case.patient_id for case in cases})
    if not 2 <= count <= len(patients):
        raise _invalid(f"{count} folds of {len(patients)} patients")
    order = np.random.default_rng(seed).permutation(len(patients))
    place = {patients[int(n)]: rank % count for rank, n in enumerate(order)}
    ordered = sorted(cases, key=lambda case: case.case_id)
    return tuple(
        Fold(
            tuple(case.case_id for case in ordered if place[case.patient_id] != number),
            tuple(case.case_id for case in ordered if place[case.patient_id] == number),
        )
        for number in range(count)
    )


def write_folds(folds: Sequence[Fold], path: Path) -> None:
    """Write folds as nnU-Net's ``splits_final.json``."""
    content = [{"train": list(fold.training), "val": list(fold.validation)} for fold in folds]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def _invalid(reason: str) -> LabeledDataError:
    return LabeledDataError(Fault.FOLDS_INVALID, reason)
