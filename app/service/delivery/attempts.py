"""How often a delivery has failed, since when and why: ``delivered/<destination>.attempts.json``.

The file is there as long as the last attempt has failed.
"""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from app.service.delivery.routes import OverdueRule
from app.service.durable import make_folder_durably, read_json, write_json_durably
from app.service.register import Register
from spine.errors import Code

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failures since the last success.

    Attributes
    ----------
    failure, detail : of the last attempt; the detail names SOP classes, statuses and UIDs
    since, last : ISO 8601 with offset, of the first and the last failure
    alarms : failures of which the log has said that they last too long
    """

    count: int
    failure: str
    detail: str
    since: str
    last: str
    alarms: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        return cls(**content | {"alarms": tuple(content["alarms"])})


def read_attempts(register: Register, run_id: str, destination: str) -> Attempts | None:
    """Return what has failed so far, None where the last attempt has not."""
    content = read_json(_path(register, run_id, destination))
    return None if content is None else Attempts.from_json(content)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt.

    Attributes
    ----------
    is_alarm : whoever reads the log must know at once
    """

    name: str
    detail: str
    is_alarm: bool = False


def record_failure(
    register: Register,
    delivery: tuple[str, str],
    failure: Failure,
    rule: OverdueRule,
    now: datetime,
) -> None:
    """Count a failure; say ``DELIVERY_OVERDUE`` once for each failure that lasts too long.

    Parameters
    ----------
    delivery : run id and name of the destination
    """
    before = read_attempts(register, *delivery)
    after = _counted(before, failure, rule, now)
    path = _path(register, *delivery)
    make_folder_durably(path.parent)
    write_json_durably(path, asdict(after), register.staging)
    if before is None or after.alarms != before.alarms:
        _say(delivery, after)


def _counted(
    before: Attempts | None, failure: Failure, rule: OverdueRule, now: datetime
) -> Attempts:
    count = before.count + 1 if before else 1
    since = before.since if before else now.isoformat()
    alarms = before.alarms if before else ()
    is_old = (now - datetime.fromisoformat(since)).total_seconds() >= rule.hours * 3600
    is_overdue = failure.is_alarm or count >= rule.attempts or is_old
    if is_overdue and failure.name not in alarms:
        alarms = (*alarms, failure.name)
    return Attempts(count, failure.name, failure.detail, since, now.isoformat(), alarms)


def _say(delivery: tuple[str, str], attempts: Attempts) -> None:
    if attempts.alarms:
        _LOG.error(
            "%s: run %s to %s, %d attempts: %s %s",
            Code.DELIVERY_OVERDUE,
            *delivery,
            attempts.count,
            attempts.failure,
            attempts.detail,
            extra={"code": Code.DELIVERY_OVERDUE.value},
        )


def forget_failures(register: Register, run_id: str, destination: str) -> None:
    """Note that the last attempt did what it could."""
    _path(register, run_id, destination).unlink(missing_ok=True)


def _path(register: Register, run_id: str, destination: str) -> Path:
    return register.delivery_path(run_id, destination, ".attempts")
