"""The planted cohort, for every test of this room."""

from tests.research.training.discs.planted import cohort

__all__ = ["cohort"]
