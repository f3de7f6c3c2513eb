"""What became of every study: read from disk, with the engine's rows beside it.

The page, the metrics and `status` all show this. What a run's folder says is kept until the
folder changes, so that looking often costs little however many runs there are.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.service.attempts import crashes
from app.service.holds import is_held
from app.service.recalls import read_recall
from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.views import RUNNING, WAITING, DeliveryState, DeliveryView, RunView, Snapshot
from app.service.workflow_rows import WorkflowRows, read_rows

# Two changes within one tick of the file system's clock look like one.
_SETTLED_S = 2.0


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
        self._runs = str(register.root / "runs")

    def snapshot(self) -> Snapshot:
        """Look at everything once."""
        workflows = read_rows(self.register.root)
        with self._lock:
            found = {name: self._look(name) for name in self.register.run_ids()}
            # Only what is still there and has settled; by folder, which is what did not change.
            settled = (time.time() - _SETTLED_S) * 1e9
            self._kept = {
                name: kept for name, kept in found.items() if kept and max(kept.stamp) < settled
            }
        views = (kept.view for kept in found.values() if kept)
        runs = tuple(_with_rows(self.register, view, workflows) for view in views)
        return Snapshot(time.time(), runs, workflows)

    def _look(self, run_id: str) -> _Kept | None:
        """Return a run as it is now; None where it is not yet there or no longer."""
        try:
            stamp = _changed(f"{self._runs}/{run_id}")
            kept = self._kept.get(run_id)
            if kept is not None and kept.stamp == stamp:
                return kept
            return _Kept(stamp, _read(self.register, self.register.run_folder(run_id)))
        except (FileNotFoundError, NotADirectoryError):
            return None


def _changed(folder: str) -> tuple[int, int]:
    """Return when an entry of the folder or of its receipts was last renamed into place."""
    changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 - a path for each run takes its time
    try:
        return changed, os.stat(f"{folder}/delivered").st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return changed, 0


def _read(register: Register, folder: Path) -> RunView:
    record = register.run(folder.name)
    outcome = register.outcome(folder.name)
    held = is_held(register, folder.name)
    results = _results(folder / "results.json")
    found = read_recall(register, folder.name)
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
        refusals=tuple(_codes(results)),
        deliveries=tuple(_deliveries(register, record, outcome, is_held=held)),
        revision=results.get("run", {}).get("revision", 1),
        recalled=None if found is None else found.title.value,
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
        if read_recall(register, record.run_id) is not None:
            state = withdrawal(receipt)
        failed = _read_optional(register, record.run_id, f"{name}.attempts")
        code = hold["code"] if state is DeliveryState.HELD and hold else failed.get("failure")
        yield DeliveryView(name, state, len(receipt.objects), failed.get("count", 0), code)


def withdrawal(receipt: Receipt) -> DeliveryState:
    """Return how far a recalled run is with one destination."""
    if not receipt.is_withdrawn:
        return DeliveryState.OPEN
    if not receipt.is_rejected:
        return DeliveryState.STILL_THERE
    was_sent = bool(receipt.objects or receipt.attempted)
    return DeliveryState.REJECTED if was_sent else DeliveryState.RECALLED


def _read_optional(register: Register, run_id: str, name: str) -> dict[str, Any]:
    """Read what is kept of a delivery beside its receipt; empty where nothing is."""
    path = register.run_folder(run_id) / "delivered" / f"{name}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def _results(path: Path) -> dict[str, Any]:
    """Read a run's results; empty where there are none."""
    content: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return content


def _codes(content: Any) -> Iterator[str]:
    """Yield the code of every refusal, however deep it stands."""
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
