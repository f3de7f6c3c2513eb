"""The faults that are plain tests, as figures: each test is a row."""

from collections.abc import Sequence
from pathlib import Path

from research.measurements import Measurement
from tests.outcomes import run_tests

_TIMEOUT_S = 1800
# The kills have rows of their own.
_FAULTS = ("test_fault_*.py", "test_intake_order.py")
# Faults that lie with the tests of what they strike: of destinations, and of the worker.
ELSEWHERE = (
    "tests/peers/test_delivery_dcmtk.py::test_destinations_down_refusing_hanging_or_closing_"
    "get_everything_later_and_others_on_time",
    "tests/app/service/test_served_profiles.py::test_study_that_breaks_the_worker_is_quarantined_"
    "and_the_next_is_delivered",
)


def run_fault_tests(
    folder: Path, *options: str, elsewhere: Sequence[str] = ()
) -> list[Measurement]:
    """Run the tests of all faults but kills, each a row.

    Parameters
    ----------
    options : of pytest
    elsewhere : tests beyond the folder
    """
    files = sorted(path for pattern in _FAULTS for path in folder.glob(pattern))
    chosen = [*map(str, files), *elsewhere] if files else []
    return run_tests("the fault tests", chosen, *options, timeout_s=_TIMEOUT_S)
