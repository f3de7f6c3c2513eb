"""What tests of rejection notes share: a study, its run, and what was said of a note."""

import json
from dataclasses import dataclass, field

from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register

STUDY = "1.2.3"
SAGITTAL, AXIAL = ("1.2.3.1", "1.2.3.2"), ("1.2.3.8",)


@dataclass
class Heard:
    """Which runs were recalled, which studies changed."""

    recalled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def write(register: Register, record: RunRecord, selected: tuple[str, ...]) -> None:
    _source, output = register.open_work(record)
    results = {"selection": {"instances": sorted(selected)}}
    (output / "results.json").write_text(json.dumps(results))
    register.close_work(record.run_id, RunOutcome(State.WRITTEN, None, ("a.dcm",)))


def settle(register: Register, run_id: str) -> None:
    """Leave nothing to do, as where a destination takes no rejection notes."""
    register.write_receipt(run_id, "pacs", Receipt({"a.dcm": 0}, is_withdrawn=True))


def said(register: Register, uid: str = f"{STUDY}.900") -> dict[str, object]:
    content: dict[str, object] = json.loads(
        (register.root / "rejections" / f"{uid}.json").read_text()
    )
    return content


def asides(register: Register) -> list[str]:
    return [json.loads(path.read_text())["code"] for path in register.aside.glob("*.json")]
