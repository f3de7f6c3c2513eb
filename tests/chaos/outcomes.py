"""The faults that are plain tests, as figures: each test is a row."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from research.measurements import Data, Measurement

_TIMEOUT_S = 1800
_NOT_PASSED = ("failure", "error", "skipped")
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
    """Run the tests of all faults but kills; one that failed counts 1, one skipped has no value.

    Parameters
    ----------
    options : of pytest
    elsewhere : tests beyond the folder
    """
    files = sorted(path for pattern in _FAULTS for path in folder.glob(pattern))
    if not files:
        # Without files pytest would run every test there is.
        return [_row("the fault tests", None)]
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-o", "junit_family=xunit1"]
        command += [f"--junitxml={report}", *options]
        command += [*map(str, files), *elsewhere]
        try:
            subprocess.run(command, check=False, timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return [_row("the fault tests, in time", None)]
        return (list(_rows(report)) if report.exists() else []) or [_row("the fault tests", None)]


def _rows(report: Path) -> Iterator[Measurement]:
    # Written by our own pytest a moment ago: nobody else's XML.
    for case in ET.parse(report).iter("testcase"):  # noqa: S314
        told = [kind for kind in _NOT_PASSED if case.find(kind) is not None]
        value = {(): 0.0, ("skipped",): None}.get(tuple(told), 1.0)
        yield _row(f"{case.get('classname', '').rpartition('.')[2]}: {case.get('name')}", value)


def _row(name: str, value: float | None) -> Measurement:
    return Measurement(f"{name}: failures", value, "", Data.SYNTHETIC, 1, 0, "lower")
