from app.service.holds import hold, is_held, release
from app.service.register import Register

RUN = "1.2.3.1"


def test_held_run_stays_held_until_released(register: Register) -> None:
    assert not is_held(register, RUN)
    hold(register, RUN)
    hold(register, RUN)
    assert is_held(Register(register.root), RUN)
    assert release(register, RUN)
    assert not is_held(register, RUN)
    assert not release(register, RUN)


def test_hold_of_a_run_to_come_is_no_run(register: Register) -> None:
    hold(register, RUN, "restore")
    assert list(register.runs()) == []
    assert register.runs_of("1.2.3") == []
