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


def test_request_that_could_not_be_answered_waits_and_holds_nobody_up(
    register: Register, run_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    register.write_run(RunRecord("1.2.4.1", "2026-01-02T03:04:05+00:00", "default", (), ()))
    ask(register, run_id, Request.RETRY)
    ask(register, "1.2.4.1", Request.RETRY)
    answered: list[str] = []

    def fail_for_the_first(name: str) -> None:
        if name == run_id:
            raise OSError(28, "No space left on device")
        answered.append(name)

    answer(register, {Request.RETRY: fail_for_the_first})
    assert answered == ["1.2.4.1"]
    assert asked(register) == [(run_id, Request.RETRY)]
    assert f"run {run_id}: retry not done as asked: No space left on device" in caplog.text


def test_request_about_a_run_that_is_gone_is_dropped(register: Register, run_id: str) -> None:
    ask(register, run_id, Request.RETRY)
    (register.run_folder(run_id) / "run.json").unlink()
    answered: list[str] = []
    answer(register, {Request.RETRY: answered.append})
    assert (answered, asked(register)) == ([], [])


def test_half_written_request_is_no_request(register: Register, run_id: str) -> None:
    ask(register, run_id, Request.RETRY)
    (register.root / "requests" / "0123456789abcdef").touch()
    assert asked(register) == [(run_id, Request.RETRY)]


@pytest.mark.parametrize("name", ["1.2.3.2", "../../etc", "1.2.3"])
def test_run_that_does_not_exist_is_named_as_such(register: Register, name: str) -> None:
    with pytest.raises(SpineError) as caught:
        ask(register, name, Request.RETRY)
    assert caught.value.code is Code.RUN_UNKNOWN
