"""What every measuring command writes: ``build/<command>.json`` (docs/architecture.md)."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal


class Data(StrEnum):
    """What a figure was measured on."""

    SYNTHETIC = "synthetic"
    REAL = "real"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure; one row a target.

    Attributes
    ----------
    value : None for a failed or skipped measurement, which misses its target
    target : None for an informative figure
    n : number of cases or repetitions behind the value
    """

    name: str
    value: float | None
    unit: str
    data: Data
    n: int
    target: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        if self.value is None:
            return False
        return self.value >= self.target if self.better == "higher" else self.value <= self.target


def write_measurements(
    command: str, seconds: float, results: Sequence[Measurement], folder: Path = Path("build")
) -> Path:
    """Write ``<folder>/<command>.json`` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{command}.json"
    content = {
        "command": command,
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain")),
        "seconds": round(seconds, 3),
        "results": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    return path


def read_measurements(path: Path) -> tuple[Measurement, ...]:
    """Read what `write_measurements` wrote."""
    rows = json.loads(path.read_text())["results"]
    return tuple(Measurement(**{**row, "data": Data(row["data"])}) for row in rows)


def tabulate(results: Sequence[Measurement]) -> str:
    """Lay the figures out as a table, one line each, for a person."""
    width = max((len(result.name) for result in results), default=0)
    return "\n".join(_line(result, width) for result in results)


def _line(result: Measurement, width: int) -> str:
    value = "-" if result.value is None else f"{result.value:.4g}"
    sign = ">=" if result.better == "higher" else "<="
    target = "" if result.target is None else f"target {sign} {result.target:g}"
    verdict = {None: "", True: "met", False: "MISSED"}[result.met]
    figure = f"{result.name:<{width}}  {value:>9} {result.unit:<8} {result.data:<9}"
    return f"{figure} {target:<16} {verdict}".rstrip()


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip()
