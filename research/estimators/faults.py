"""What can be wrong with a table of reports. Names rows and columns, never what a cell holds."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why a row was set aside; stable strings that flow diagrams count."""

    EMPTY = "EMPTY"
    SEX_UNKNOWN = "SEX_UNKNOWN"
    SEX_CONFLICT = "SEX_CONFLICT"
    AGE_IMPOSSIBLE = "AGE_IMPOSSIBLE"
    AGE_OUT_OF_RANGE = "AGE_OUT_OF_RANGE"
    AGE_CONFLICT = "AGE_CONFLICT"
    DATE_INVALID = "DATE_INVALID"
    SEVERITY_UNKNOWN = "SEVERITY_UNKNOWN"
    FLAG_INVALID = "FLAG_INVALID"
    NUMBER_INVALID = "NUMBER_INVALID"
    SERIES_DUPLICATE = "SERIES_DUPLICATE"
    SERIES_CONFLICT = "SERIES_CONFLICT"


class ReportsError(Exception):
    """The table as a whole cannot be used; says what to mend."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that is not used, and why; a row can have several.

    Attributes
    ----------
    row : as a spreadsheet counts, the header being row 1
    column : empty where the fault lies between rows
    """

    row: int
    column: str
    fault: Fault
    reason: str
