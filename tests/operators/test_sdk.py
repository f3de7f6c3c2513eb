"""The application starts where no CUDA library exists but the wheel's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# Cover every folder of CUDA libraries outside the environment; forget the loader's cache of them.
HIDE_CUDA = """
for folder in /usr/local/cuda* /usr/lib/x86_64-linux-gnu/nvidia; do
  [ -d "$folder" ] && mount -t tmpfs none "$folder"
done
: > /tmp/empty.$$ && mount --bind /tmp/empty.$$ /etc/ld.so.cache && rm -f /tmp/empty.$$
exec "$@"
"""
START = """
import operators.sdk as sdk

class Probe(sdk.Operator):
    def compute(self, op_input, op_output, context):
        print("computed")

class Application(sdk.Application):
    def compose(self):
        self.add_operator(Probe(self, sdk.CountCondition(self, 1), name="probe"))

Application(argv=["probe"]).run()
maps = open("/proc/self/maps").read()
print({line.split()[-1] for line in maps.splitlines() if "libcudart" in line})
"""


def _can_unshare() -> bool:
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.slow
def test_a_graph_runs_with_cuda_hidden():
    if not _can_unshare():
        pytest.skip("needs unshare --mount, to hide the machine's CUDA libraries")
    command = [sys.executable, "-c", START]
    environment = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", HIDE_CUDA, "sh", *command],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "computed" in done.stdout
    assert "nvidia/cu13/lib/libcudart.so.13" in done.stdout
