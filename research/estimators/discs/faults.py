"""What can be wrong with a table of predictions. Names rows and columns, never a patient."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.estimators.faults import ReportsError
from research.listing import listed

FIRST_ROW = 2
"""The heading is row 1, as a spreadsheet counts."""


class PredictionsError(ReportsError):
    """The table cannot be used; says what to mend, and in which rows."""


def refuse(
    path: Path, what: str, wrong: NDArray[np.bool_], rows: NDArray[np.int64] | None = None
) -> None:
    """Raise `PredictionsError` that names the rows in which something is wrong, if any are.

    Parameters
    ----------
    rows : number of each row in the file; by default all of them, in order
    """
    number = np.arange(len(wrong)) + FIRST_ROW if rows is None else rows
    if wrong.any():
        raise PredictionsError(f"{path.name}: {what}: rows {listed(number[wrong].tolist())}")
