"""A fault test that failed, or did not run, is a row that misses."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.outcomes import ELSEWHERE, run_fault_tests

pytestmark = pytest.mark.slow

TESTS = """
import pytest

def test_holds(): ...

def test_breaks(): assert False

def test_errs(absent): ...

@pytest.mark.skip(reason="no such program")
def test_lacks_its_peer(): ...
"""


def test_every_fault_test_is_a_row_and_only_one_that_passed_meets_its_target(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_fault_x.py").write_text(TESTS)
    (tmp_path / "test_other.py").write_text("def test_other(): ...\n")
    rows = {row.name: (row.value, row.met) for row in run_fault_tests(tmp_path)}
    assert rows == {
        "test_fault_x: test_holds: failures": (0, True),
        "test_fault_x: test_breaks: failures": (1, False),
        "test_fault_x: test_errs: failures": (1, False),
        "test_fault_x: test_lacks_its_peer: failures": (None, False),
    }


def test_every_fault_beyond_the_folder_is_a_test_that_there_is() -> None:
    """Only collected: pytest ends with 4 for a name that is not there."""
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", *ELSEWHERE]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    assert all(any(one in line for line in found.stdout.splitlines()) for one in ELSEWHERE)


def test_faults_without_tests_are_a_row_that_misses(tmp_path: Path) -> None:
    (row,) = run_fault_tests(tmp_path / "nowhere")
    assert row.met is False
