"""A look through a whole data set before anything is trained on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from research.labeled.cases import LabeledCase, load
from research.labeled.class_sets import class_names
from research.labeled.errors import Fault, LabeledDataError
from research.labeled.label_sets import label_sets_from_source
from research.labeled.mapping import LabelMapping


@dataclass(frozen=True, slots=True)
class SetFound:
    """What was found of one class set.

    Attributes
    ----------
    values : source labels
    cases : in which the set has a voxel
    """

    name: str
    classes: str
    values: tuple[int, ...]
    voxels: int
    cases: int


@dataclass(frozen=True, slots=True)
class CheckedData:
    """A data set as found.

    Attributes
    ----------
    graded, aged : cases for which a table gives a grade, an age
    problems : one line for each case that cannot be used
    """

    mapping: LabelMapping
    cases: int
    patients: int
    graded: int
    aged: int
    sets: tuple[SetFound, ...]
    problems: tuple[LabeledDataError, ...]

    def count(self, fault: Fault) -> int:
        """Return the number of cases with this fault."""
        return sum(problem.fault is fault for problem in self.problems)


def check_data(cases: Sequence[LabeledCase], mapping: LabelMapping) -> CheckedData:
    """Load every case; one that cannot be used becomes a problem and is not counted in `sets`."""
    values = np.zeros((len(cases), 256), dtype=np.int64)
    voxels = np.zeros((len(cases), len(mapping.class_sets.names)), dtype=np.int64)
    problems = []
    for place, case in enumerate(tqdm(cases, desc="cases", mininterval=5)):
        try:
            _, labels = load(case)
            sets = label_sets_from_source(labels, mapping, case.labels.name)
        except LabeledDataError as error:
            problems.append(error)
            continue
        values[place] = np.bincount(labels.data.ravel(), minlength=256)
        voxels[place] = np.bincount(sets.data.ravel(), minlength=voxels.shape[1])
    return CheckedData(
        mapping=mapping,
        cases=len(cases),
        patients=len({case.patient_id for case in cases}),
        graded=sum(bool(case.grades) for case in cases),
        aged=sum(case.age_years is not None for case in cases),
        sets=tuple(_sets(values, voxels, mapping)),
        problems=tuple(problems),
    )


def _sets(
    values: NDArray[np.int64], voxels: NDArray[np.int64], mapping: LabelMapping
) -> list[SetFound]:
    """Sum up over the cases, which are the rows."""
    table = mapping.class_sets
    seen = np.flatnonzero(values.sum(axis=0))
    return [
        SetFound(
            name,
            class_names(classes),
            tuple(int(value) for value in seen if mapping.index_by_value[int(value)] == index),
            int(voxels[:, index].sum()),
            int((voxels[:, index] > 0).sum()),
        )
        for index, (name, classes) in enumerate(zip(table.names, table.sets, strict=True))
    ]


def tabulate_check(checked: CheckedData) -> str:
    """Lay out what was found, for a person."""
    mapping = checked.mapping
    heads = [
        f"mapping         {mapping.name}: {mapping.source} ({mapping.license})",
        f"cases           {checked.cases} of {checked.patients} patients; "
        f"with age {checked.aged}, with grades {checked.graded}",
        f"different grids {checked.count(Fault.GRIDS_DIFFER)}",
        f"unknown labels  {checked.count(Fault.LABEL_UNKNOWN)}",
        f"unreadable      {checked.count(Fault.UNREADABLE)}",
        "",
    ]
    names = max(len("set"), *(len(one.name) for one in checked.sets))
    values = max(len("labels found"), *(len(_ranges(one.values)) for one in checked.sets))
    rows = [("set", "labels found", "voxels", "cases", "classes")]
    rows += [
        (one.name, _ranges(one.values), f"{one.voxels:,}", str(one.cases), one.classes)
        for one in checked.sets
    ]
    table = [f"{a:<{names}}  {b:<{values}}  {c:>15}  {d:>5}  {e}" for a, b, c, d, e in rows]
    notes = [f"never found: {one.name}" for one in checked.sets if not one.voxels]
    return "\n".join([*heads, *table, *notes, *(str(problem) for problem in checked.problems)])


def _ranges(values: Sequence[int]) -> str:
    """Write 1, 2, 3, 7 as 1-3 7."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return " ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs) or "-"
