"""Tests that share a browser or a data set run one after the other, in one process."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

GROUP = """
import os, time
from pathlib import Path
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(4))
def test_tell_the_process(number):
    time.sleep(0.2)
    Path(__file__).with_name(f"process-{number}").write_text(str(os.getpid()))
"""


def test_tests_of_one_group_run_in_one_process(tmp_path):
    (tmp_path / "test_group.py").write_text(GROUP)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "."]
    outside = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}

    subprocess.run(command, cwd=tmp_path, env=outside, check=True, capture_output=True)

    processes = [path.read_text() for path in tmp_path.glob("process-*")]
    assert len(processes) == 4
    assert len(set(processes)) == 1
