"""``python -m tests.viewer``: every object in OHIF, each test a row of build/viewer-test.json."""

import sys
import time
from pathlib import Path

from research.measurements import Data, Measurement, tabulate, write_measurements
from tests.outcomes import run_tests

MOST_MINUTES = 10


def main() -> int:
    """Run them; 1 if one failed, was skipped, or all of it took too long."""
    started = time.monotonic()
    chosen = [str(Path(__file__).parent)]
    results = run_tests("the viewer's tests", chosen, "--durations=5", timeout_s=1800)
    minutes = (time.monotonic() - started) / 60
    results.append(Measurement("all of it", minutes, "min", Data.NONE, 1, MOST_MINUTES, "lower"))
    path = write_measurements("viewer-test", 60 * minutes, results)
    sys.stdout.write(f"{tabulate(results)}\n{path}\n")
    return int(any(result.met is False for result in results))


if __name__ == "__main__":
    sys.exit(main())
