"""Columns of a table of predictions, turned from text into numbers and names."""

from collections.abc import Iterable
from copy import copy
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.discs.faults import PredictionsError, refuse
from research.estimators.faults import ReportsError
from research.estimators.tables import read_text
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Names = NDArray[np.str_]

NOT_GIVEN = "not given"
# Files give their probabilities with a few digits.
_SUM_TOLERANCE = 2e-3


class Columns:
    """One file's cells; every method refuses what it cannot turn, naming the rows."""

    def __init__(self, path: Path, needed: Iterable[str]) -> None:
        try:
            self._cells = read_text(path)
        except ReportsError as error:
            raise PredictionsError(str(error)) from None
        self.path = path
        missing = [name for name in needed if name not in self._cells]
        if missing:
            raise PredictionsError(f"{path.name}: columns are missing: {', '.join(missing)}")

    def rows(self, chosen: NDArray[np.bool_]) -> "Columns":
        """Return some of the rows; messages still count those of the file."""
        some = copy(self)
        some._cells = self._cells[chosen]
        return some

    def __contains__(self, column: str) -> bool:
        return column in self._cells

    def names(self, column: str, *, may_be_empty: bool = False) -> Names:
        """Return text; an empty cell is refused, or reads `NOT_GIVEN`."""
        cells = self._cells[column].to_numpy(dtype=str)
        empty = cells == ""
        if not may_be_empty:
            self._refuse(f"{column} is empty", empty)
        return np.where(empty, NOT_GIVEN, cells)

    def numbers(self, column: str, *, may_be_empty: bool = False) -> Floats:
        """Return finite numbers; an empty cell is refused, or NaN."""
        cells = self._cells[column]
        found: Floats = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
        wrong = ~np.isfinite(found)
        if may_be_empty:
            wrong &= (cells != "").to_numpy()
        self._refuse(f"{column} is not a number", wrong)
        return found

    def integers(self, column: str) -> Integers:
        """Return whole numbers."""
        found = self.numbers(column)
        self._refuse(f"{column} is not a whole number", found != np.rint(found))
        return found.astype(np.int64)

    def grades(self, column: str, scale: Scale) -> Integers:
        """Return grades of a scale."""
        found = self.integers(column)
        outside = ~np.isin(found, [int(grade) for grade in scale.grades])
        self._refuse(f"{column} outside the {scale} scale", outside)
        return found

    def levels(self, *, lumbar: bool = True) -> Names:
        """Return names of discs, by default of lumbar ones alone."""
        found = self.names("level")
        known = [level.value for level in DiscLevel if level.is_lumbar or not lumbar]
        what = "level is not that of a lumbar disc" if lumbar else "level is not that of a disc"
        self._refuse(what, ~np.isin(found, known))
        return found

    def probabilities(self, columns: Iterable[str]) -> Floats:
        """Return one distribution a row, normalized; shape (rows, columns)."""
        names = list(columns)
        found = np.column_stack([self.numbers(name) for name in names])
        told = f"{names[0]} to {names[-1]}"
        self._refuse(f"{told} below 0 or above 1", np.any((found < 0) | (found > 1), axis=1))
        total: Floats = found.sum(axis=1)
        self._refuse(f"{told} do not sum to 1", np.greater(np.abs(total - 1), _SUM_TOLERANCE))
        return np.asarray(found / total[:, None])

    def _refuse(self, what: str, wrong: NDArray[np.bool_]) -> None:
        refuse(self.path, what, wrong, self._cells.index.to_numpy())

    def once(self, *keys: NDArray[np.generic]) -> None:
        """Refuse a disc that stands in two rows."""
        table = pd.DataFrame(dict(enumerate(keys)))
        self._refuse("discs twice", table.duplicated(keep=False).to_numpy())

    def one_of_each(self, patient: Names, what: str, values: NDArray[np.generic]) -> None:
        """Refuse a patient who has two values of what is one a patient, such as the fold."""
        table = pd.DataFrame({"patient": patient, "value": values})
        several = table.groupby("patient")["value"].transform("nunique", dropna=False) > 1
        self._refuse(f"a patient {what}", several.to_numpy())
