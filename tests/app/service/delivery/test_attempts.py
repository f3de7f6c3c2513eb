import logging

import pytest

from app.service.delivery import DELIVERED, Delivery, Route, read_attempts
from app.service.delivery.routes import OverdueRule
from app.service.register import Register
from pacs.sender import Destination
from tests.app.service.delivery.archive import SEGMENTATION, Archive
from tests.app.service.delivery.conftest import RUN, Clock, Deliver

NOBODY = Destination("127.0.0.1", 1, "PACS", "SPINEMAP", timeout_s=1)


def _alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    # pynetdicom has its own words for every failed connection.
    ours = [entry for entry in caplog.records if entry.name.startswith("app.")]
    return [entry.getMessage() for entry in ours if entry.levelno >= logging.ERROR]


def test_failures_are_counted_since_the_first(
    deliver: Deliver, register: Register, clock: Clock
) -> None:
    for _ in range(3):
        assert deliver(Route(NOBODY)) == "UNREACHABLE"
        clock.advance(60)
    attempts = read_attempts(register, RUN, "pacs")
    assert attempts is not None
    assert (attempts.count, attempts.failure) == (3, "UNREACHABLE")
    assert attempts.detail == "127.0.0.1:1"
    assert attempts.since == "2026-01-02T03:04:05+00:00"
    assert attempts.last == "2026-01-02T03:06:05+00:00"
    assert attempts.alarms == ()


def test_alarm_is_given_once_after_so_many_attempts(
    deliver: Deliver, register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    route = Route(NOBODY, overdue=OverdueRule(attempts=3, hours=1000))
    for _ in range(2):
        deliver(route)
    assert _alarms(caplog) == []
    for _ in range(3):
        deliver(route)
    (alarm,) = _alarms(caplog)
    assert alarm.startswith("DELIVERY_OVERDUE: run 1.2.3.1 to pacs, 3 attempts: UNREACHABLE")
    attempts = read_attempts(register, RUN, "pacs")
    assert attempts is not None
    assert attempts.alarms == ("UNREACHABLE",)


def test_alarm_is_given_after_so_many_hours(
    deliver: Deliver, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    route = Route(NOBODY, overdue=OverdueRule(attempts=1000, hours=2))
    deliver(route)
    clock.advance(2 * 3600 - 1)
    deliver(route)
    assert _alarms(caplog) == []
    clock.advance(1)
    deliver(route)
    assert len(_alarms(caplog)) == 1


def test_another_failure_is_another_alarm_but_each_is_given_once(
    archive: Archive, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    overdue = OverdueRule(attempts=1)
    archive.refused = {SEGMENTATION: 0xC000}
    away, refusing = Route(NOBODY, overdue=overdue), Route(archive.start(), overdue=overdue)
    for route in (away, refusing, away, refusing):
        deliver(route)
    alarms = [alarm.split(": ")[2].split()[0] for alarm in _alarms(caplog)]
    assert alarms == ["UNREACHABLE", "NOT_STORED"]


def test_success_forgets_the_failures(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    deliver(Route(NOBODY, overdue=OverdueRule(attempts=1)))
    assert deliver(Route(archive.start())) == DELIVERED
    assert read_attempts(register, RUN, "pacs") is None


def test_destination_that_is_no_longer_configured_is_an_alarm_at_once(
    run_id: str, register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = Delivery(register, {})
    assert [delivery.deliver(run_id, "pacs") for _ in range(2)] == ["NOT_CONFIGURED"] * 2
    assert len(_alarms(caplog)) == 1
