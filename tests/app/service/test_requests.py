"""What is asked of the engine, and when; tests/app/service/test_retry.py runs the real one."""

from pathlib import Path

import pytest

from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.requests import Requests, Retry, ask
from spine.errors import Code
from tests.app.service.recorded import record_run


class _Engine:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.active: set[str] = set()
        self.fails = False

    def analyze(self, record: RunRecord) -> None:
        self._note("analyze", record.run_id)

    def deliver(self, run_id: str, destination: str) -> None:
        self._note("deliver", run_id, destination)

    def forget(self, workflow_id: str) -> bool:
        self._note("forget", workflow_id)
        return workflow_id not in self.active

    def wake(self, run_id: str, destination: str) -> None:
        self._note("wake", run_id, destination)

    def _note(self, *words: str) -> None:
        if self.fails:
            raise RuntimeError("no database")
        self.told.append(words)


@pytest.fixture
def engine() -> _Engine:
    return _Engine()


@pytest.fixture
def requests(register: Register, engine: _Engine) -> Requests:
    return Requests(register, engine)


def _waiting(register: Register) -> list[Path]:
    return list((register.root / "requests").iterdir())


def test_failed_run_is_forgotten_reopened_and_queued(
    register: Register, requests: Requests, engine: _Engine
) -> None:
    record_run(register, outcome=RunOutcome.failed(Code.WORKER_TIMEOUT))
    ask(register, Retry("1.2.3.1"))
    requests.take_up()
    assert engine.told == [("forget", "analyze/1.2.3/1"), ("analyze", "1.2.3.1")]
    assert register.outcome("1.2.3.1") is None
    assert (register.run_folder("1.2.3.1") / "outcome.1.json").is_file()
    assert _waiting(register) == []


def test_run_under_way_is_left_alone(
    register: Register, requests: Requests, engine: _Engine
) -> None:
    record_run(register, outcome=None)
    engine.active.add("analyze/1.2.3/1")
    ask(register, Retry("1.2.3.1"))
    requests.take_up()
    assert engine.told == [("forget", "analyze/1.2.3/1")]


def test_only_deliveries_that_lack_something_are_woken(
    register: Register, requests: Requests, engine: _Engine
) -> None:
    record_run(register, destinations=("pacs", "archive", "late"), delivered=("archive",))
    ask(register, Retry("1.2.3.1"))
    requests.take_up()
    woken = [words[2] for words in engine.told if words[0] == "wake"]
    assert woken == ["pacs", "late"]
    ask(register, Retry("1.2.3.1", "late"))
    engine.told.clear()
    requests.take_up()
    assert [words[2] for words in engine.told if words[0] == "wake"] == ["late"]


def test_results_are_never_made_twice(
    register: Register, requests: Requests, engine: _Engine
) -> None:
    record_run(register, delivered=("pacs",))
    record_run(register, "1.2.4.1", RunOutcome(State.NOTHING_TO_SEND, "NO_CANDIDATE"))
    ask(register, Retry("1.2.3.1"))
    ask(register, Retry("1.2.4.1"))
    requests.take_up()
    assert engine.told == []
    assert register.outcome("1.2.3.1") is not None


def test_request_outlives_an_engine_that_fails(
    register: Register, requests: Requests, engine: _Engine
) -> None:
    record_run(register, outcome=RunOutcome.failed(Code.WORKER_TIMEOUT))
    ask(register, Retry("1.2.3.1"))
    engine.fails = True
    with pytest.raises(RuntimeError):
        requests.take_up()
    assert register.outcome("1.2.3.1") is not None
    engine.fails = False
    requests.take_up()
    assert ("analyze", "1.2.3.1") in engine.told


@pytest.mark.parametrize("text", ["", "[]", '{"run_id": "../../etc"}', '{"run_id": "1.2.9.1"}'])
def test_request_for_nothing_is_dropped(
    register: Register, requests: Requests, engine: _Engine, text: str
) -> None:
    ask(register, Retry("1.2.3.1")).write_text(text)
    requests.take_up()
    assert (engine.told, _waiting(register)) == ([], [])
