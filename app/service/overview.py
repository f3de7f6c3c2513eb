"""What became of every study: read from disk, with the engine's rows beside it.

The page, the metrics and `status` all show this. What a run's folder says is kept until the
folder changes, so that looking often costs little however many runs there are.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.service.attempts import crashes
from app.service.holds import is_held
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.workflow_rows import WorkflowRows, read_rows

# Two changes within one tick of the file system's clock look like one.
_SETTLED_S = 2.0

WAITING = "waiting"
RUNNING = "running"


class DeliveryState(StrEnum):
    """How far a run is with one destination."""

    DELIVERED = "delivered"
    OPEN = "open"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One run and one destination.

    Attributes
    ----------
    confirmed : objects that the destination has, of `RunView.objects`
    attempts : failed tries since the last that did not fail
    code : why the last try failed, or why the delivery is held; None where it is neither
    """

    destination: str
    state: DeliveryState
    confirmed: int
    attempts: int = 0
    code: str | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run.

    Attributes
    ----------
    state : waiting, running, or how it ended
    code : why nothing was sent, or why it failed
    ended_at : seconds since the epoch; None while it has not
    attempts : starts of an analysis that took the service with them
    is_held : by a person or a restore; one delivery alone may be held as well
    refusals : codes of the results withheld
    """

    run_id: str
    state: str
    code: str | None
    analysis_time: str
    instances: int
    objects: int
    is_held: bool
    ended_at: float | None
    attempts: int
    refusals: tuple[str, ...]
    deliveries: tuple[DeliveryView, ...]

    @property
    def waits_for_a_person(self) -> bool:
        """Whether it is held, or one of its deliveries is."""
        return self.is_held or any(item.state is DeliveryState.HELD for item in self.deliveries)

    def open_deliveries(self) -> Iterator[DeliveryView]:
        """Yield what should be on its way; not what is held."""
        return (item for item in self.deliveries if item.state is DeliveryState.OPEN)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment; runs by study and number."""

    at: float
    runs: tuple[RunView, ...]
    workflows: WorkflowRows

    def oldest_undelivered_s(self) -> dict[str, float]:
        """Return how long the longest waiting result has waited, by destination."""
        ages: dict[str, float] = {}
        for run in self.runs:
            for item in run.open_deliveries():
                age = max(0.0, self.at - (run.ended_at or self.at))
                ages[item.destination] = max(age, ages.get(item.destination, 0.0))
        return ages

    def undelivered(self) -> Counter[str]:
        """Return how many runs wait for delivery, by destination."""
        return Counter(item.destination for run in self.runs for item in run.open_deliveries())


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: tuple[int, int]
    view: RunView


class Overview:
    """Reads the register; any number of threads may ask."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def snapshot(self) -> Snapshot:
        """Look at everything once."""
        workflows = read_rows(self.register.root)
        with self._lock:
            folders = sorted((self.register.root / "runs").glob("*/run.json"), key=_number)
            views = [view for path in folders if (view := self._view(path.parent))]
            self._kept = {
                view.run_id: self._kept[view.run_id] for view in views if view.run_id in self._kept
            }
        runs = tuple(_with_rows(self.register, view, workflows) for view in views)
        return Snapshot(time.time(), runs, workflows)

    def _view(self, folder: Path) -> RunView | None:
        """Return a run as it is now; None where the retention took it away meanwhile."""
        try:
            stamp = _changed(folder)
            kept = self._kept.get(folder.name)
            if kept is not None and kept.stamp == stamp:
                return kept.view
            view = _read(self.register, folder)
        except FileNotFoundError:
            return None
        if max(stamp) < (time.time() - _SETTLED_S) * 1e9:
            self._kept[folder.name] = _Kept(stamp, view)
        return view


def _number(run_json: Path) -> tuple[int, ...]:
    return tuple(map(int, run_json.parent.name.split(".")))


def _changed(folder: Path) -> tuple[int, int]:
    """Return when an entry of the folder or of its receipts was last renamed into place."""
    receipts = folder / "delivered"
    return folder.stat().st_mtime_ns, receipts.stat().st_mtime_ns if receipts.exists() else 0


def _read(register: Register, folder: Path) -> RunView:
    record = register.run(folder.name)
    outcome = register.outcome(folder.name)
    held = is_held(register, folder.name)
    return RunView(
        run_id=record.run_id,
        state=WAITING if outcome is None else outcome.state.value,
        code=None if outcome is None else outcome.code,
        analysis_time=record.analysis_time,
        instances=len(record.instances),
        objects=0 if outcome is None else len(outcome.objects),
        is_held=held,
        ended_at=None if outcome is None else (folder / "outcome.json").stat().st_mtime,
        attempts=0,
        refusals=_refusals(folder / "results.json"),
        deliveries=tuple(_deliveries(register, record, outcome, is_held=held)),
    )


def _deliveries(
    register: Register, record: RunRecord, outcome: RunOutcome | None, *, is_held: bool
) -> Iterator[DeliveryView]:
    if outcome is None or outcome.state is not State.WRITTEN:
        return
    for name in record.destinations:
        receipt = register.receipt(record.run_id, name)
        state = DeliveryState.HELD if is_held else DeliveryState.OPEN
        hold = _read_optional(register, record.run_id, f"{name}.hold")
        if hold and hold["released"] is None:
            state = DeliveryState.HELD
        if receipt.is_complete:
            state = DeliveryState.DELIVERED
        failed = _read_optional(register, record.run_id, f"{name}.attempts")
        code = hold["code"] if state is DeliveryState.HELD and hold else failed.get("failure")
        yield DeliveryView(name, state, len(receipt.objects), failed.get("count", 0), code)


def _read_optional(register: Register, run_id: str, name: str) -> dict[str, Any]:
    """Read what is kept of a delivery beside its receipt; empty where nothing is."""
    path = register.run_folder(run_id) / "delivered" / f"{name}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def _refusals(results: Path) -> tuple[str, ...]:
    """Return the code of every refusal in a run's results, however deep it stands."""
    if not results.is_file():
        return ()
    return tuple(_codes(json.loads(results.read_text())))


def _codes(content: Any) -> Iterator[str]:
    if isinstance(content, list):
        for item in content:
            yield from _codes(item)
    elif isinstance(content, dict):
        refusal = content.get("refusal")
        if isinstance(refusal, dict):
            yield str(refusal["code"])
        for value in content.values():
            yield from _codes(value)


def _with_rows(register: Register, view: RunView, workflows: WorkflowRows) -> RunView:
    """Add what its folder does not say of a run that has not ended."""
    if view.ended_at is not None:
        return view
    study, _, number = view.run_id.rpartition(".")
    row = workflows.rows.get(f"analyze/{study}/{number}")
    is_running = row is not None and row.status == "PENDING"
    state = RUNNING if is_running else WAITING
    return replace(view, state=state, attempts=crashes(register, view.run_id))
