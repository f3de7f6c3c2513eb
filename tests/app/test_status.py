import json
import os
import time
from pathlib import Path

import pytest

from app.service.holds import hold
from app.service.records import RunOutcome, State
from app.service.register import Register
from app.settings import Settings, load_settings
from app.status import status_json, status_lines
from spine.errors import Code
from tests.app.service.recorded import record_run


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None, {"SPINEMAP_STORAGE__ROOT": str(tmp_path)})


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path)
    register.prepare()
    record_run(register, "1.2.1.1", delivered=("pacs",))
    record_run(register, "1.2.2.1", RunOutcome.failed(Code.WORKER_TIMEOUT))
    record_run(register, "1.2.3.1")
    record_run(register, "1.2.4.1")
    hold(register, "1.2.4.1")
    os.utime(register.run_folder("1.2.3.1") / "outcome.json", (time.time() - 7200,) * 2)
    (register.root / "studies" / "1.2.9" / "in").mkdir(parents=True)
    return register


def test_table_shows_failures_held_and_how_long_a_result_waits(
    settings: Settings, register: Register
) -> None:
    lines = list(status_lines(settings))
    text = "\n".join(lines)
    assert "does not run" in text
    assert "1 for pacs, the oldest 2.0 h" in text
    assert "arriving   1.2.9  0 instances" in text
    rows = {line.split()[0]: line for line in lines if line.startswith("1.2.")}
    assert "failed WORKER_TIMEOUT" in rows["1.2.2.1"]
    assert "written, held" in rows["1.2.4.1"]
    assert "pacs open 0/2" in rows["1.2.3.1"]
    assert "pacs delivered" in rows["1.2.1.1"]


def test_running_service_is_told(settings: Settings, register: Register) -> None:
    with register.hold():
        assert "service    runs" in list(status_lines(settings))


def test_json_says_the_same_to_a_program(settings: Settings, register: Register) -> None:
    content = json.loads(json.dumps(status_json(settings)))
    assert content["arriving"] == {"1.2.9": 0}
    assert content["queues"] is None
    states = {run["run_id"]: (run["state"], run["is_held"]) for run in content["runs"]}
    assert states["1.2.2.1"] == ("failed", False)
    assert states["1.2.4.1"] == ("written", True)


def test_old_failures_are_shown_and_old_successes_only_on_request(
    settings: Settings, register: Register
) -> None:
    for number in range(30):
        run = f"1.3.{number}.1"
        record_run(register, run, RunOutcome(State.NOTHING_TO_SEND, "NO_CANDIDATE"))
        path = register.run_folder(run) / "run.json"
        path.write_text(path.read_text().replace("2026-01-02", "2026-02-02"))
    text = "\n".join(status_lines(settings))
    assert "1.2.2.1" in text
    assert "1.2.1.1" not in text
    assert "11 more runs that are done" in text
    assert "1.2.1.1" in "\n".join(status_lines(settings, everything=True))


def test_disk_of_which_nothing_was_received_is_told(tmp_path: Path) -> None:
    settings = load_settings(None, {"SPINEMAP_STORAGE__ROOT": str(tmp_path / "none")})
    assert list(status_lines(settings)) == [f"nothing received in {tmp_path / 'none'}"]
    assert status_json(settings)["runs"] == []
