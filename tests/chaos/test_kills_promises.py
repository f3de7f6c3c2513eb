"""Whoever looks at the promises sees each of them broken."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from pacs.part10 import read_meta
from tests.chaos.kills_points import Point
from tests.chaos.kills_promises import Broken, Promises, Seen
from tests.chaos.kills_studies import stand_in_kills

RESULT = "a.dcm"


@dataclass(frozen=True)
class World:
    """A study that was received, analyzed and delivered, with a kill somewhere."""

    register: Register
    seen: Seen
    received: list[tuple[str, str]]
    result: str

    @property
    def study(self) -> str:
        return self.seen.kill.study.uid

    def look(self) -> set[Broken]:
        Promises(self.register, self.received).look(self.seen, [self.seen])
        return self.seen.broken


@pytest.fixture
def world(tmp_path: Path) -> World:
    register = Register(tmp_path / "data")
    register.prepare()
    (kill,) = stand_in_kills(tmp_path / "studies", [Point.PEER_ANSWERED])
    for uid, path in kill.study.files.items():
        kept = register.instance_path(kill.study.uid, uid)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept)
    result = next(iter(kill.study.files.values()))
    _write_run(register, kill.study.uid, 1, tuple(kill.study.files), result)
    uid = read_meta(result).sop_instance_uid
    seen = Seen(kill, acknowledged=set(kill.study.files), died=1)
    return World(register, seen, [(uid, "digest")], uid)


def _write_run(
    register: Register, study: str, number: int, instances: tuple[str, ...], result: Path
) -> None:
    run_id = f"{study}.{number}"
    record = RunRecord(run_id, "2026-01-02T03:04:05+00:00", "default", instances, ("pacs",))
    register.write_run(record)
    _source, output = register.open_work(record)
    (output / "dicom").mkdir()
    shutil.copy(result, output / "dicom" / RESULT)
    register.close_work(run_id, RunOutcome(State.WRITTEN, None, (RESULT,)))
    register.write_receipt(run_id, "pacs", Receipt({RESULT: 0}, is_complete=True))


def test_nothing_is_broken_where_all_was_kept_even_with_one_object_sent_again(world: World) -> None:
    world.received.append((world.result, "digest"))
    assert world.look() == set()
    assert world.seen.resent == 1


def _lose(world: World) -> None:
    uid = next(iter(world.seen.acknowledged))
    world.register.instance_path(world.study, uid).unlink()


def _damage(world: World) -> None:
    uid = next(iter(world.seen.acknowledged))
    path = world.register.instance_path(world.study, uid)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _do_not_deliver(world: World) -> None:
    world.received.clear()


def _do_not_confirm(world: World) -> None:
    world.register.write_receipt(f"{world.study}.1", "pacs", Receipt({RESULT: 0}))


def _send_other_content(world: World) -> None:
    world.received.append((world.result, "another"))


def _send_what_was_recorded(world: World) -> None:
    world.seen.recorded.add(world.result)
    world.received.append((world.result, "digest"))


def _send_thrice(world: World) -> None:
    world.received.extend([(world.result, "digest")] * 2)


def _send_what_no_run_wrote(world: World) -> None:
    world.received.append(("1.2.3", "digest"))


def _analyze_again(world: World) -> None:
    files = world.seen.kill.study.files
    _write_run(world.register, world.study, 2, tuple(files), next(iter(files.values())))


@pytest.mark.parametrize(
    ("do_wrong", "broken"),
    [
        (_lose, Broken.LOST),
        (_damage, Broken.LOST),
        (_do_not_deliver, Broken.UNDELIVERED),
        (_do_not_confirm, Broken.UNDELIVERED),
        (_send_other_content, Broken.TWO_CONTENTS),
        (_send_what_was_recorded, Broken.AGAIN),
        (_send_thrice, Broken.RESENT),
        (_send_what_no_run_wrote, Broken.SECOND_RUN),
        (_analyze_again, Broken.SECOND_RUN),
    ],
)
def test_broken_promise_is_seen(
    world: World, do_wrong: Callable[[World], None], broken: Broken
) -> None:
    do_wrong(world)
    assert world.look() == {broken}
