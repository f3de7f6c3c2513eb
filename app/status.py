"""What `status` prints: the register as a table, or as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from app.operations import is_served
from app.service.health import Disk
from app.service.overview import Overview
from app.service.register import Register
from app.service.views import RunView, Snapshot
from app.settings import Settings

_LATEST = 20
_HEADINGS = ("RUN", "STATE", "ANALYSIS TIME", "INSTANCES", "DELIVERIES")


def status_json(settings: Settings) -> dict[str, object]:
    """Return everything, for a program."""
    register = Register(settings.storage.root)
    snapshot = Overview(register).snapshot()
    return {
        "is_served": is_served(register),
        "queues": snapshot.workflows.queue_lengths() if snapshot.workflows.is_readable else None,
        "disk_free_bytes": _disk(settings).free_bytes() if register.root.is_dir() else None,
        "oldest_undelivered_seconds": snapshot.oldest_undelivered_s(),
        "arriving": _arriving(register, snapshot),
        "runs": [asdict(run) for run in snapshot.runs],
    }


def status_lines(settings: Settings, *, everything: bool = False) -> Iterator[str]:
    """Yield the state of the service, then one line a run; without `everything` only the
    latest, and before them those that wait for somebody or something.
    """
    register = Register(settings.storage.root)
    if not (register.root / "studies").is_dir():
        yield f"nothing received in {register.root}"
        return
    snapshot = Overview(register).snapshot()
    yield f"service    {'runs' if is_served(register) else 'does not run'}"
    yield f"disk       {_disk(settings).free_bytes() / 1e9:.1f} GB free"
    yield f"queues     {_queues(snapshot)}"
    for name, age in snapshot.oldest_undelivered_s().items():
        yield f"waiting    {snapshot.undelivered()[name]} for {name}, the oldest {_duration(age)}"
    for study, count in _arriving(register, snapshot).items():
        yield f"arriving   {study}  {count} instances"
    runs = snapshot.runs if everything else _worth_showing(snapshot)
    if runs:
        yield ""
        yield from table([_HEADINGS, *map(_row, runs)])
    if len(runs) < len(snapshot.runs):
        yield f"{len(snapshot.runs) - len(runs)} more runs that are done: --all"


def _disk(settings: Settings) -> Disk:
    return Disk(settings.storage.root, settings.storage.reserve_bytes)


def _arriving(register: Register, snapshot: Snapshot) -> dict[str, int]:
    """Return the studies that have no run yet, with the number of their instances."""
    if not (register.root / "studies").is_dir():
        return {}
    known = {run.run_id.rpartition(".")[0] for run in snapshot.runs}
    return {
        study: len(register.instances(study)) for study in register.studies() if study not in known
    }


def _worth_showing(snapshot: Snapshot) -> list[RunView]:
    latest = sorted(snapshot.runs, key=lambda run: run.analysis_time)[-_LATEST:]
    done = [run for run in snapshot.runs if _is_done(run) and run not in latest]
    return [run for run in snapshot.runs if run not in done]


def _is_done(run: RunView) -> bool:
    is_delivered = all(item.state.is_done for item in run.deliveries)
    return run.state in ("written", "nothing_to_send") and is_delivered and not run.is_held


def _row(run: RunView) -> tuple[str, ...]:
    state = run.state if run.code is None else f"{run.state} {run.code}"
    if run.attempts:
        state += f", {run.attempts} crashes"
    if run.revision > 1:
        state += f", revision {run.revision}"
    if run.recalled:
        state += f", recalled {run.recalled}"
    elif run.is_held:
        state += ", held"
    return run.run_id, state, run.analysis_time, str(run.instances), _deliveries(run)


def _deliveries(run: RunView) -> str:
    words = []
    for item in run.deliveries:
        word = f"{item.destination} {item.state}"
        if not item.state.is_done:
            word += f" {item.confirmed}/{run.objects}"
        if item.code:
            word += f" {item.code}"
        if item.attempts:
            word += f", {item.attempts} failed"
        words.append(word)
    return "; ".join(words)


def _queues(snapshot: Snapshot) -> str:
    if not snapshot.workflows.is_readable:
        return "unknown: no database yet"
    lengths = snapshot.workflows.queue_lengths()
    return ", ".join(f"{name} {length}" for name, length in sorted(lengths.items())) or "empty"


def _duration(seconds: float) -> str:
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows with their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
