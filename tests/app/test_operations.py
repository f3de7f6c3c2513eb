"""`retry` and `hold`: what is asked, what is refused, and what stands on disk afterwards."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from app.operations import hold_run, is_served, release_run, retry
from app.service.holds import is_held
from app.service.records import RunOutcome, State
from app.service.register import Register
from app.service.requests import Request, answer, asked
from spine.errors import Code, SpineError
from tests.app.service.recorded import record_run

RUN = "1.2.3.1"


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path)
    register.prepare()
    return register


def _answers(register: Register) -> list[tuple[str, ...]]:
    told: list[tuple[str, ...]] = []
    answer(register, {Request.RETRY: lambda *words: told.append(words)})
    return told


def _refused(do: Callable[..., None], *arguments: object) -> Code:
    with pytest.raises(SpineError) as caught:
        do(*arguments)
    return caught.value.code


def test_failed_run_is_asked_for_and_then_forgotten(register: Register) -> None:
    record_run(register, outcome=RunOutcome.failed(Code.WORKER_TIMEOUT))
    retry(register, RUN, None)
    assert _answers(register) == [(RUN,)]
    assert asked(register) == []


def test_open_delivery_is_asked_for_by_its_destination(register: Register) -> None:
    record_run(register, destinations=("pacs", "archive"), delivered=("archive",))
    retry(register, RUN, "pacs")
    assert _answers(register) == [(RUN, "pacs")]
    assert _refused(retry, register, RUN, "archive") is Code.NOTHING_TO_RETRY


def test_two_destinations_asked_for_at_once_become_all(register: Register) -> None:
    record_run(register, destinations=("pacs", "archive"))
    retry(register, RUN, "pacs")
    retry(register, RUN, "archive")
    assert _answers(register) == [(RUN,)]


@pytest.mark.parametrize("run_id", ["1.2.9.1", "1.2.3", "../../etc/1", "", "1.2.3.x"])
def test_run_that_is_not_there_is_refused(register: Register, run_id: str) -> None:
    record_run(register)
    assert _refused(retry, register, run_id, None) is Code.RUN_UNKNOWN
    assert _refused(hold_run, register, run_id) is Code.RUN_UNKNOWN
    assert _refused(release_run, register, run_id) is Code.NOTHING_TO_RETRY


def test_destination_that_the_run_does_not_have_is_refused(register: Register) -> None:
    record_run(register)
    assert _refused(retry, register, RUN, "elsewhere") is Code.RUN_UNKNOWN


@pytest.mark.parametrize(
    "outcome",
    [RunOutcome(State.NOTHING_TO_SEND, "NO_CANDIDATE"), RunOutcome(State.WRITTEN, None, ("a",))],
    ids=["nothing to send", "delivered"],
)
def test_run_that_is_done_is_never_run_again(register: Register, outcome: RunOutcome) -> None:
    record_run(register, outcome=outcome, delivered=("pacs",))
    assert _refused(retry, register, RUN, None) is Code.NOTHING_TO_RETRY
    assert asked(register) == []


def test_release_asks_for_what_was_held_back(register: Register) -> None:
    record_run(register)
    hold_run(register, RUN)
    assert is_held(register, RUN)
    release_run(register, RUN)
    assert not is_held(register, RUN)
    assert asked(register) == [(RUN, Request.RETRY)]


def test_release_of_a_run_that_has_not_ended_asks_for_nothing(register: Register) -> None:
    record_run(register, outcome=None)
    hold_run(register, RUN)
    release_run(register, RUN)
    assert asked(register) == []


def test_served_is_whoever_holds_the_lock(register: Register) -> None:
    assert not is_served(register)
    with register.hold():
        assert is_served(register)
    assert not is_served(register)
    with (register.root / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert is_served(register)
