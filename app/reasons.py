"""Why a person rejects results: the words of the command line, without anything behind them."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason that is about results; named as the title of a rejection note is.

    The other titles, a wrong worklist entry and an expired retention, are not about results.
    """

    PATIENT_SAFETY = "patient-safety"
    QUALITY = "quality"
