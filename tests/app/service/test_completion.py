import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom.uid import CTImageStorage, EncapsulatedPDFStorage, MRImageStorage, SegmentationStorage

from app.service.arrivals import Arrival
from app.service.completion import Completion, CompletionRules
from app.service.opening import Opening
from app.service.profiles import Profile, Profiles
from app.service.records import RunRecord
from app.service.register import Register
from tests.app.service.served import until

# They wait for real quiet.
pytestmark = pytest.mark.slow

Keep = Callable[..., None]

STUDY = "1.2.3"


@dataclass
class Watched:
    """A completion under test, and what it opened."""

    register: Register
    keep: Keep
    opened: list[RunRecord] = field(default_factory=list)
    built: list[Completion] = field(default_factory=list)

    def build(self, quiet_time_s: float, **rules: object) -> Completion:
        opening = Opening(self.register, Profiles([Profile("default", (), ("pacs",))]))
        rule = CompletionRules(quiet_time_s, **rules)  # type: ignore[arg-type]
        self.built.append(Completion(opening, rule, self.opened.append))
        return self.built[-1]

    def receive(self, uid: str, sop_class: str = MRImageStorage) -> None:
        self.keep(uid=uid, sop_class=sop_class)
        self.built[-1].arrived(Arrival(STUDY, sop_class))


@pytest.fixture
def watched(register: Register, keep: Keep) -> Iterator[Watched]:
    watched = Watched(register, keep)
    yield watched
    for completion in watched.built:
        completion.stop()


def _stays_shut(watched: Watched, seconds: float = 0.7) -> bool:
    """Give the watching thread its time to do what it must not do."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if watched.opened:
            return False
        time.sleep(0.02)
    return True


def test_study_is_complete_when_it_was_quiet(watched: Watched) -> None:
    watched.build(0.6).start()
    started = time.monotonic()
    for number in range(3):
        watched.receive(f"1.2.3.{number}")
        time.sleep(0.3)
    until(lambda: len(watched.opened) == 1)
    assert time.monotonic() - started >= 1.2
    (record,) = watched.opened
    assert record.run_id == "1.2.3.1"
    assert record.instances == ("1.2.3.0", "1.2.3.1", "1.2.3.2")
    assert record.destinations == ("pacs",)
    assert watched.register.run("1.2.3.1") == record


def test_late_instance_opens_another_run(watched: Watched) -> None:
    watched.build(0.1).start()
    for number in (1, 2):
        watched.receive(f"1.2.3.{number}")
        until(lambda number=number: len(watched.opened) == number)
    assert [record.run_id for record in watched.opened] == ["1.2.3.1", "1.2.3.2"]
    assert len(watched.opened[1].instances) == 2


def test_study_without_news_is_not_analyzed_again(watched: Watched) -> None:
    completion = watched.build(0.1)
    completion.start()
    watched.receive("1.2.3.1")
    until(lambda: len(watched.opened) == 1)
    completion.arrived(Arrival(STUDY, MRImageStorage))
    until(lambda: completion.waiting == 0)
    time.sleep(0.3)
    assert len(watched.opened) == 1


def test_results_coming_back_start_nothing(watched: Watched) -> None:
    watched.keep(uid="1.2.3.1", sop_class=SegmentationStorage)
    completion = watched.build(0.1)
    completion.start()
    completion.arrived(Arrival(STUDY, SegmentationStorage))
    assert completion.waiting == 0
    assert _stays_shut(watched)


@pytest.mark.parametrize("sop_class", [CTImageStorage, SegmentationStorage, EncapsulatedPDFStorage])
def test_only_mr_makes_a_study_wait_longer(watched: Watched, sop_class: str) -> None:
    watched.build(0.8).start()
    watched.receive("1.2.3.1")
    stop = threading.Event()

    def trickle() -> None:
        number = 100
        while not stop.wait(0.1):
            number += 1
            watched.receive(f"1.2.3.{number}", sop_class)

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        until(lambda: len(watched.opened) == 1, 10)
    finally:
        stop.set()
        sender.join()


def test_study_without_mr_is_looked_at_once(watched: Watched) -> None:
    watched.build(0.1).start()
    watched.receive("1.2.3.1", CTImageStorage)
    until(lambda: len(watched.opened) == 1)
    watched.receive("1.2.3.2", CTImageStorage)
    until(lambda: watched.built[-1].waiting == 0)
    time.sleep(0.3)
    assert len(watched.opened) == 1


@pytest.mark.parametrize("clock_offset_s", [-3600, 0, 3600])
def test_restart_waits_for_a_whole_quiet_time_whatever_the_clock_says(
    watched: Watched, register: Register, clock_offset_s: float
) -> None:
    watched.keep(uid="1.2.3.1")
    then = time.time() + clock_offset_s
    os.utime(register.instance_path(STUDY, "1.2.3.1"), (then, then))
    started = time.monotonic()
    watched.build(0.6).start()
    until(lambda: len(watched.opened) == 1)
    assert time.monotonic() - started >= 0.6


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_clock_that_is_set_while_a_study_arrives_changes_nothing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    watched.build(0.8).start()
    watched.receive("1.2.3.1")
    started = time.monotonic()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + step_s)
    until(lambda: len(watched.opened) == 1)
    assert 0.7 <= time.monotonic() - started < 5


def test_study_of_a_run_that_was_opened_is_not_opened_again_at_the_start(
    watched: Watched, register: Register
) -> None:
    watched.keep(uid="1.2.3.1")
    register.write_run(
        RunRecord("1.2.3.1", "2026-01-02T03:04:05+00:00", "default", ("1.2.3.1",), ())
    )
    watched.build(0.1).start()
    assert _stays_shut(watched)


def test_conflicting_instances_are_named_on_the_run(watched: Watched, register: Register) -> None:
    watched.keep(uid="1.2.3.1")
    watched.keep(uid="1.2.3.1", patient="P2")
    watched.build(0.1).start()
    until(lambda: len(watched.opened) == 1)
    (record,) = watched.opened
    assert record.conflicts == tuple(path.stem for path in register.aside.glob("*.bin"))
    source, _output = register.open_work(record)
    first, second = sorted(source.iterdir())
    assert first.name == "1.2.3.1.dcm"
    assert b"P2" in second.read_bytes()


def test_run_that_could_not_be_queued_is_offered_again(register: Register, keep: Keep) -> None:
    failures = iter([RuntimeError("database is locked"), OSError(28, "No space left")])
    opened: list[RunRecord] = []

    def fail_twice(record: RunRecord) -> None:
        for failure in failures:
            raise failure
        opened.append(record)

    keep(uid="1.2.3.1")
    opening = Opening(register, Profiles([Profile("default")]))
    completion = Completion(opening, CompletionRules(0.1), fail_twice)
    completion.start()
    until(lambda: len(opened) == 1)
    completion.stop()


def test_run_written_before_the_disk_was_full_is_queued(
    register: Register, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run = Register.write_run

    def write_one(register: Register, record: RunRecord) -> None:
        if record.number > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_run(register, record)

    monkeypatch.setattr(Register, "write_run", write_one)
    keep(uid="1.2.3.1")
    keep(uid="1.2.3.2", route=("MR1", "TRIAL"))
    profiles = Profiles([Profile("default"), Profile("trial", ("TRIAL",))])
    assert _opened_once(Opening(register, profiles)) == "1.2.3.1"


def test_run_of_which_only_the_folder_was_not_made_durable_is_queued(
    register: Register, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(uid="1.2.3.1")
    fail = [register.run_folder("1.2.3.1")]

    def fail_once(folder: Path) -> None:
        if folder in fail:
            fail.clear()
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("app.service.durable.fsync_folder", fail_once)
    assert _opened_once(Opening(register, Profiles([Profile("default")]))) == "1.2.3.1"
    assert fail == []


def test_study_that_cannot_be_opened_keeps_no_other_from_it(
    register: Register, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run = Register.write_run

    def write_other(register: Register, record: RunRecord) -> None:
        if record.study_instance_uid == STUDY:
            raise KeyError("bug")
        write_run(register, record)

    monkeypatch.setattr(Register, "write_run", write_other)
    keep(uid="1.2.3.1")
    keep(uid="1.2.4.1", study="1.2.4")
    assert _opened_once(Opening(register, Profiles([Profile("default")]))) == "1.2.4.1"


def _opened_once(opening: Opening) -> str:
    """Let a study's runs be opened, and return the first that is handed over."""
    opened: list[RunRecord] = []
    completion = Completion(opening, CompletionRules(0.1), opened.append)
    completion.start()
    try:
        until(lambda: bool(opened), 5)
    finally:
        completion.stop()
    return opened[0].run_id


def test_number_of_mr_instances_completes_a_study_before_it_was_quiet(watched: Watched) -> None:
    watched.build(60, minimum_instances=2).start()
    watched.receive("1.2.3.1")
    watched.receive("1.2.3.9", CTImageStorage)
    assert _stays_shut(watched)
    watched.receive("1.2.3.2")
    until(lambda: len(watched.opened) == 1)
    assert len(watched.opened[0].instances) == 3


def test_too_few_instances_are_analyzed_when_it_was_quiet(watched: Watched) -> None:
    watched.build(0.3, minimum_instances=5).start()
    watched.receive("1.2.3.1")
    until(lambda: len(watched.opened) == 1)


def test_senders_count_completes_a_study_before_it_was_quiet(watched: Watched) -> None:
    asked: list[str] = []

    def count(study: str) -> int:
        asked.append(study)
        return 2

    watched.build(60, ask_count=count, count_after_s=0.1).start()
    watched.receive("1.2.3.1")
    until(lambda: asked == [STUDY])
    assert _stays_shut(watched)
    watched.receive("1.2.3.2")
    until(lambda: len(watched.opened) == 1)
    # Once where the file was seen before its arrival was told: the answer held for it already.
    assert asked in ([STUDY], [STUDY, STUDY])


@pytest.mark.parametrize("answer", [None, 0, 99])
def test_sender_that_does_not_say_that_all_is_there_is_waited_for(
    watched: Watched, answer: int | None
) -> None:
    watched.build(1.0, ask_count=lambda _study: answer, count_after_s=0.0).start()
    started = time.monotonic()
    watched.receive("1.2.3.1")
    until(lambda: len(watched.opened) == 1)
    assert time.monotonic() - started >= 1.0


def test_question_that_fails_leaves_it_to_the_quiet_time(watched: Watched) -> None:
    def fail(_study: str) -> int:
        raise RuntimeError("no route to host")

    watched.build(0.8, ask_count=fail, count_after_s=0.0).start()
    watched.receive("1.2.3.1")
    until(lambda: len(watched.opened) == 1)
