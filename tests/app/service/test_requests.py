import pytest

from app.service.records import RunRecord
from app.service.register import Register
from app.service.requests import Request, answer, ask, asked
from spine.errors import Code, SpineError


@pytest.fixture
def run_id(register: Register) -> str:
    register.write_run(RunRecord("1.2.3.1", "2026-01-02T03:04:05+00:00", "default", (), ()))
    return "1.2.3.1"


def test_request_is_answered_once(register: Register, run_id: str) -> None:
    ask(register, run_id, Request.HASTEN)
    ask(register, run_id, Request.HASTEN)
    ask(register, run_id, Request.RETRY)
    answered: list[tuple[str, str]] = []
    answers = {kind: lambda run, kind=kind: answered.append((run, kind)) for kind in Request}
    answer(register, answers)
    answer(register, answers)
    assert sorted(answered) == [(run_id, "hasten"), (run_id, "retry")]


def test_request_that_could_not_be_answered_waits(register: Register, run_id: str) -> None:
    ask(register, run_id, Request.RETRY)

    def fail(_run_id: str) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        answer(register, {Request.RETRY: fail})
    assert asked(register) == [(run_id, Request.RETRY)]


def test_half_written_request_is_no_request(register: Register, run_id: str) -> None:
    ask(register, run_id, Request.RETRY)
    (register.root / "requests" / "0123456789abcdef").touch()
    assert asked(register) == [(run_id, Request.RETRY)]


@pytest.mark.parametrize("name", ["1.2.3.2", "../../etc", "1.2.3"])
def test_run_that_does_not_exist_is_named_as_such(register: Register, name: str) -> None:
    with pytest.raises(SpineError) as caught:
        ask(register, name, Request.RETRY)
    assert caught.value.code is Code.RUN_UNKNOWN
