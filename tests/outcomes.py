"""Tests as figures: each test is a row of ``build/<command>.json``."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from research.measurements import Data, Measurement

_NOT_PASSED = ("failure", "error", "skipped")


def run_tests(
    what: str, chosen: Sequence[str], *options: str, timeout_s: float
) -> list[Measurement]:
    """Run tests; one that failed counts 1, one skipped has no value: it misses.

    Parameters
    ----------
    what : name of the row where none of them ran
    chosen : files and tests
    options : of pytest
    """
    if not chosen:
        # Without files pytest would run every test there is.
        return [_row(what, None)]
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-o", "junit_family=xunit1"]
        command += [f"--junitxml={report}", *options, *chosen]
        try:
            subprocess.run(command, check=False, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return [_row(f"{what}, in time", None)]
        return (list(_rows(report)) if report.exists() else []) or [_row(what, None)]


def _rows(report: Path) -> Iterator[Measurement]:
    # Written by our own pytest a moment ago: nobody else's XML.
    for case in ET.parse(report).iter("testcase"):  # noqa: S314
        told = [kind for kind in _NOT_PASSED if case.find(kind) is not None]
        value = {(): 0.0, ("skipped",): None}.get(tuple(told), 1.0)
        yield _row(f"{case.get('classname', '').rpartition('.')[2]}: {case.get('name')}", value)


def _row(name: str, value: float | None) -> Measurement:
    return Measurement(f"{name}: failures", value, "", Data.SYNTHETIC, 1, 0, "lower")
