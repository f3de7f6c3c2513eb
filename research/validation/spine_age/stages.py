"""Results that are kept: a stage runs again only when what goes into it has changed."""

import hashlib
import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

import research

Echo = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took: seconds on the clock, and of processors."""

    seconds: float
    cpu_seconds: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)

    @classmethod
    def now(cls) -> "Cost":
        """Read both clocks; that of processors holds children that were waited for."""
        used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return cls(time.monotonic(), sum(use.ru_utime + use.ru_stime for use in used))

    def until_now(self) -> "Cost":
        """Return what has passed since this reading."""
        now = Cost.now()
        return Cost(now.seconds - self.seconds, now.cpu_seconds - self.cpu_seconds)


@dataclass(frozen=True, slots=True)
class Stages:
    """A folder of results, each named by its stage and a hash of its inputs and its code.

    Attributes
    ----------
    echo : told when a stage begins, ends or is found
    spared : what each stage that was found had taken when it was made
    """

    folder: Path
    echo: Echo
    spared: list[Cost] = field(default_factory=list)

    def whole_since(self, begin: Cost) -> Cost:
        """Return what has passed since a reading, as if no stage had been found."""
        return sum(self.spared, start=begin.until_now())

    def table(
        self, name: str, inputs: Sequence[object], make: Callable[[], pd.DataFrame]
    ) -> pd.DataFrame:
        """Return a table, made or found.

        Parameters
        ----------
        inputs : all that the table depends on: tables, numbers, text, and `code` of rooms
        """
        path = self.folder / f"{name}-{digest(inputs)}.parquet"
        cost = path.with_suffix(".json")
        if path.exists() and cost.exists():
            self.echo(f"{name}: found")
            self.spared.append(Cost(**json.loads(cost.read_text())))
            return pd.read_parquet(path)
        self.echo(f"{name} ...")
        begin = Cost.now()
        made = make()
        took = begin.until_now()
        self.echo(f"{name}: {took.seconds:.0f} s")
        self.folder.mkdir(parents=True, exist_ok=True)
        cost.write_text(json.dumps(asdict(took)) + "\n")
        # Written beside and renamed: what was interrupted is never found.
        whole = path.with_suffix(".part")
        made.to_parquet(whole)
        whole.replace(path)
        return made


def digest(inputs: Sequence[object]) -> str:
    """Return a short hash of tables by their content, of anything else by its JSON."""
    found = hashlib.sha256()
    for one in inputs:
        if isinstance(one, pd.DataFrame | pd.Series):
            found.update(pd.util.hash_pandas_object(one).to_numpy().tobytes())
            names = one.columns if isinstance(one, pd.DataFrame) else [one.name]
            found.update(repr(list(names)).encode())
        else:
            found.update(json.dumps(one, sort_keys=True).encode())
        found.update(b"\0")
    return found.hexdigest()[:16]


def code(*rooms: str) -> str:
    """Return a hash of rooms and files of `research`, such as ``"worlds/reports"``.

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    """
    root = Path(research.__file__).parent
    found = hashlib.sha256()
    for room in rooms:
        path = root / room
        if not path.exists():
            raise FileNotFoundError(room)
        parts = [path] if path.is_file() else sorted(path.rglob("*"))
        for part in parts:
            if part.is_file() and part.suffix in {".py", ".csv"}:
                found.update(part.relative_to(root).as_posix().encode() + b"\0")
                found.update(part.read_bytes())
    return found.hexdigest()
