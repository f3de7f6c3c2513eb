"""Runs on disk as the service leaves them."""

import json
from collections.abc import Callable

from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register

MakeRun = Callable[..., RunRecord]

OBJECTS = ("a.dcm", "b.dcm")
WRITTEN = RunOutcome(State.WRITTEN, None, OBJECTS)


def record_run(
    register: Register,
    run_id: str = "1.2.3.1",
    outcome: RunOutcome | None = WRITTEN,
    *,
    delivered: tuple[str, ...] = (),
    destinations: tuple[str, ...] = ("pacs",),
    refusals: tuple[str, ...] = (),
) -> RunRecord:
    """Write a run; `outcome` None leaves it without end."""
    time = "2026-01-02T03:04:05+00:00"
    record = RunRecord(run_id, time, "default", (), destinations)
    register.write_run(record)
    if outcome is not None:
        _source, output = register.open_work(record)
        (output / "dicom").mkdir()
        for name in outcome.objects:
            (output / "dicom" / name).write_bytes(name.encode())
        content = {"discs": [{"refusal": {"code": code}} for code in refusals]}
        (output / "results.json").write_text(json.dumps(content))
        register.close_work(run_id, outcome)
    for name in delivered:
        receipt = Receipt(dict.fromkeys(outcome.objects if outcome else (), 0), is_complete=True)
        register.write_receipt(run_id, name, receipt)
    return record
