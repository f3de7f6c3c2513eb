"""All points, again and again, some chains at a time; what came of it as table and figures."""

import shutil
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from research.measurements import Data, Measurement
from tests.chaos.kills_chain import Chain, Rig, recording_archive
from tests.chaos.kills_points import Point
from tests.chaos.kills_promises import Broken, Kill, Seen
from tests.chaos.kills_studies import graph_kills, stand_in_kills

_AT_ONCE = 2
_GRAPH_TIMEOUT_S = 600.0
# Coarse phantoms give results of every kind only where synthetic evidence is accepted.
_GRAPH_SITE: dict[str, object] = {"science": {"minimum_evidence": "synthetic"}}

MakeKills = Callable[[Path, Iterable[Point]], list[Kill]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A rig, and how often every point is killed on it.

    Attributes
    ----------
    make : writes the studies
    """

    rig: Rig
    make: MakeKills
    times: int


STAND_IN = Trial(Rig("stand-in"), stand_in_kills, 10)
GRAPH = Trial(Rig("graph", _GRAPH_SITE, _GRAPH_TIMEOUT_S), graph_kills, 1)


def kill(trial: Trial, build: Path) -> list[Seen]:
    """Kill every point as often as a trial says, each time on a disk of its own.

    Parameters
    ----------
    build : the disks of chains in which something was broken stay there, with the log
    """
    folders = [build / f"{trial.rig.kind}-{number}" for number in range(trial.times)]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        chains = threads.map(partial(_run_chain, trial), folders, _orders(trial.times))
        return [seen for chain in chains for seen in chain]


def measure(trial: Trial, seen: Sequence[Seen]) -> list[Measurement]:
    """Return a row for each point; one that was not killed as often as it should has no value."""
    rows = []
    for point in Point:
        mine = [one for one in seen if one.kill.point is point]
        value = sum(len(one.broken) for one in mine) if len(mine) == trial.times else None
        name = f"kill -9 {point}, {trial.rig.kind}: promises broken"
        rows.append(Measurement(name, value, "", Data.SYNTHETIC, len(mine), 0, "lower"))
    return rows


def tabulate_kills(seen: Sequence[Seen]) -> str:
    """Lay out how often each point was killed, what was sent again, and what was broken."""
    head = f"{'kill -9':<46}{'times':>6}{'acked':>7}{'resent':>7}{'broken':>7}{'s':>7}"
    lines = [head]
    for point in Point:
        mine = [one for one in seen if one.kill.point is point]
        numbers = (
            len(mine),
            sum(len(one.acknowledged) for one in mine),
            sum(one.resent for one in mine),
            sum(len(one.broken) for one in mine),
        )
        seconds = sum(one.seconds for one in mine) / len(mine) if mine else 0.0
        cells = "".join(f"{number:>7}" for number in numbers[1:])
        lines.append(f"{point:<46}{numbers[0]:>6}{cells}{seconds:>7.1f}")
    broken = Counter(reason for one in seen for reason in one.broken)
    lines += [f"{broken[reason]:>6} x {reason}" for reason in Broken]
    return "\n".join(lines)


def _orders(times: int) -> list[list[Point]]:
    """Return all points, each time beginning with another: any may follow any restart."""
    points = list(Point)
    return [[*points[start:], *points[:start]] for start in (n % len(points) for n in range(times))]


def _run_chain(trial: Trial, folder: Path, points: Sequence[Point]) -> list[Seen]:
    shutil.rmtree(folder, ignore_errors=True)
    archive = recording_archive()
    try:
        kills = trial.make(folder / "studies", points)
        seen = Chain(folder, trial.rig, archive).run(kills)
    except Exception:  # noqa: BLE001 - its rows miss, those of the other chains are kept
        traceback.print_exc()
        return []
    finally:
        archive.stop()
    if len(seen) == len(kills) and not any(one.broken for one in seen):
        shutil.rmtree(folder)
    return seen
