"""``python -m tests.chaos``: every fault, with counts, into build/chaos.json."""

import sys
import time
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path

from research.measurements import Data, Measurement, tabulate, write_measurements
from tests.chaos.kills_table import GRAPH, STAND_IN, Trial, kill, measure, tabulate_kills
from tests.chaos.outcomes import ELSEWHERE, run_fault_tests

MOST_MINUTES = 40


def main() -> int:
    """Run all of it, or the kills alone."""
    parser = ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--times", type=int, default=STAND_IN.times, help="kills at each point")
    parser.add_argument("--no-graph", action="store_true", help="kill the stand-in only")
    parser.add_argument("--no-faults", action="store_true", help="no faults other than kills")
    chosen = parser.parse_args()
    started = time.monotonic()
    results: list[Measurement] = []
    trials = [replace(STAND_IN, times=chosen.times), *([] if chosen.no_graph else [GRAPH])]
    for trial in trials:
        results += _kill(trial)
    if not chosen.no_faults:
        results += run_fault_tests(Path(__file__).parent, "--chaos-full", elsewhere=ELSEWHERE)
    minutes = (time.monotonic() - started) / 60
    results.append(Measurement("all of it", minutes, "min", Data.NONE, 1, MOST_MINUTES, "lower"))
    path = write_measurements("chaos", 60 * minutes, results)
    sys.stdout.write(f"{tabulate(results)}\n{path}\n")
    return int(any(result.met is False for result in results))


def _kill(trial: Trial) -> list[Measurement]:
    seen = kill(trial, Path("build/chaos"))
    sys.stdout.write(f"{trial.rig.kind}\n{tabulate_kills(seen)}\n")
    sys.stdout.flush()
    return measure(trial, seen)


if __name__ == "__main__":
    sys.exit(main())
