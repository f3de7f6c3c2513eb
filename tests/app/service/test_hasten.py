"""STAT by command: for a run, and for a study that has none yet."""

from collections.abc import Callable

import pytest

from app.operations import hasten
from app.service.marks import is_urgent
from app.service.records import RunRecord
from app.service.register import Register
from app.service.requests import Request, asked
from spine.errors import Code, SpineError


def test_study_that_is_still_arriving_is_marked(
    register: Register, keep: Callable[..., None]
) -> None:
    keep()
    hasten(register, "1.2.3")
    assert is_urgent(register, "1.2.3")
    assert asked(register) == []


def test_run_is_asked_for(register: Register, keep: Callable[..., None]) -> None:
    keep()
    register.write_run(RunRecord("1.2.3.1", "2026-01-02T03:04:05+00:00", "default", (), ()))
    hasten(register, "1.2.3.1")
    assert asked(register) == [("1.2.3.1", Request.HASTEN)]
    assert not is_urgent(register, "1.2.3")


@pytest.mark.parametrize("name", ["1.2.9", "../1.2.3", "nonsense"])
def test_what_is_neither_is_refused(register: Register, name: str) -> None:
    with pytest.raises(SpineError) as refused:
        hasten(register, name)
    assert refused.value.code is Code.RUN_UNKNOWN
