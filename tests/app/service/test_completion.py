import os
import time
from collections.abc import Callable, Iterator

import pytest
from pydicom.uid import MRImageStorage, SegmentationStorage

from app.service.arrivals import Arrival
from app.service.completion import Completion, is_result
from app.service.records import RunRecord
from app.service.register import Register

Keep = Callable[..., None]
Build = Callable[[float], Completion]

RESULT_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.104.1",
)


@pytest.fixture
def opened() -> list[RunRecord]:
    return []


@pytest.fixture
def build(register: Register, opened: list[RunRecord]) -> Iterator[Build]:
    built: list[Completion] = []

    def build(quiet_time_s: float) -> Completion:
        completion = Completion(register, quiet_time_s, ("pacs",), opened.append)
        built.append(completion)
        return completion

    yield build
    for completion in built:
        completion.stop()


def _wait_for(runs: list[RunRecord], count: int, timeout_s: float = 5) -> None:
    deadline = time.monotonic() + timeout_s
    while len(runs) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(runs) == count


def test_study_is_complete_when_it_was_quiet(
    build: Build, keep: Keep, register: Register, opened: list[RunRecord]
) -> None:
    completion = build(0.5)
    completion.start()
    for number in range(3):
        keep(uid=f"1.2.3.{number}")
        completion.arrived(Arrival("1.2.3", MRImageStorage))
        time.sleep(0.3)
        assert opened == []
    _wait_for(opened, 1)
    (record,) = opened
    assert record.run_id == "1.2.3.1"
    assert record.instances == ("1.2.3.0", "1.2.3.1", "1.2.3.2")
    assert record.destinations == ("pacs",)
    assert register.run("1.2.3.1") == record


def test_late_instance_opens_another_run(build: Build, keep: Keep, opened: list[RunRecord]) -> None:
    completion = build(0.1)
    completion.start()
    for number in (1, 2):
        keep(uid=f"1.2.3.{number}")
        completion.arrived(Arrival("1.2.3", MRImageStorage))
        _wait_for(opened, number)
    assert [record.run_id for record in opened] == ["1.2.3.1", "1.2.3.2"]
    assert len(opened[1].instances) == 2


def test_study_without_news_is_not_analyzed_again(
    build: Build, keep: Keep, opened: list[RunRecord]
) -> None:
    completion = build(0.1)
    completion.start()
    keep(uid="1.2.3.1")
    completion.arrived(Arrival("1.2.3", MRImageStorage))
    _wait_for(opened, 1)
    completion.arrived(Arrival("1.2.3", MRImageStorage))
    time.sleep(0.6)
    assert len(opened) == 1


def test_results_coming_back_start_nothing(
    build: Build, keep: Keep, opened: list[RunRecord]
) -> None:
    completion = build(0.1)
    keep(uid="1.2.3.1", sop_class=SegmentationStorage)
    completion.start()
    completion.arrived(Arrival("1.2.3", SegmentationStorage))
    time.sleep(0.6)
    assert opened == []
    assert completion.waiting == 0


@pytest.mark.parametrize("sop_class", RESULT_CLASSES)
def test_what_is_said_about_a_study_is_no_image_of_it(sop_class: str) -> None:
    assert is_result(sop_class)
    assert not is_result(MRImageStorage)


@pytest.mark.parametrize("clock_offset_s", [-3600, 0, 3600])
def test_restart_waits_for_a_whole_quiet_time_whatever_the_clock_says(
    build: Build,
    keep: Keep,
    register: Register,
    opened: list[RunRecord],
    clock_offset_s: float,
) -> None:
    keep(uid="1.2.3.1")
    then = time.time() + clock_offset_s
    os.utime(register.instance_path("1.2.3", "1.2.3.1"), (then, then))
    build(0.6).start()
    time.sleep(0.4)
    assert opened == []
    _wait_for(opened, 1)


def test_study_of_a_run_that_was_opened_is_not_opened_again_at_the_start(
    build: Build, keep: Keep, register: Register, opened: list[RunRecord]
) -> None:
    keep(uid="1.2.3.1")
    register.write_run(
        RunRecord("1.2.3.1", "2026-01-02T03:04:05+00:00", "default", ("1.2.3.1",), ())
    )
    build(0.1).start()
    time.sleep(0.6)
    assert opened == []


def test_conflicting_instances_are_named_on_the_run(
    build: Build, keep: Keep, register: Register, opened: list[RunRecord]
) -> None:
    keep(uid="1.2.3.1")
    keep(uid="1.2.3.1", patient="P2")
    build(0.1).start()
    _wait_for(opened, 1)
    assert opened[0].conflicts == tuple(path.stem for path in register.aside.glob("*.bin"))
    source, _output = register.open_work(opened[0])
    first, second = sorted(source.iterdir())
    assert first.name == "1.2.3.1.dcm"
    assert b"P2" in second.read_bytes()


def test_run_that_could_not_be_queued_is_offered_again(
    register: Register, keep: Keep, opened: list[RunRecord]
) -> None:
    failures = iter([RuntimeError("database is locked"), OSError(28, "No space left")])

    def fail_twice(record: RunRecord) -> None:
        for failure in failures:
            raise failure
        opened.append(record)

    keep(uid="1.2.3.1")
    completion = Completion(register, 0.1, (), fail_twice)
    completion.start()
    _wait_for(opened, 1)
    completion.stop()
