import errno
import mmap
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.service.jobs import Job, Limits, LoadAnalysis
from app.service.records import RunOutcome, State
from app.service.register import Register
from app.service.worker import Worker, WorkerStartError, resident_bytes
from app.service.worker_process import describe
from spine.errors import Code, InputError
from tests.app.service import standin
from tests.app.service.short_of_processes import refuse_processes

pytestmark = pytest.mark.slow

Keep = Callable[..., None]


@pytest.fixture
def job_for(register: Register, keep: Keep) -> Callable[[str], Job]:
    """Return a job on a study whose patient id says what the stand-in does."""

    def make(patient: str) -> Job:
        keep(uid="1.2.3.4", patient=patient)
        output = register.root / "work" / "1.2.3.1" / "out"
        output.mkdir(parents=True)
        source = register.input_folder("1.2.3")
        return Job(
            "1.2.3.1", str(source), None, str(output), "default", "2026-01-02T03:04:05+00:00"
        )

    return make


@pytest.fixture
def start() -> Iterator[Callable[..., Worker]]:
    workers: list[Worker] = []

    def start(load: LoadAnalysis = standin.load) -> Worker:
        worker = Worker(load, start_timeout_s=30)
        workers.append(worker)
        worker.start()
        return worker

    yield start
    for worker in workers:
        worker.kill()


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_process_that_the_system_refuses_is_a_worker_that_did_not_start(
    start: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_processes(monkeypatch, 1)
    with pytest.raises(WorkerStartError, match="not spawned") as caught:
        start()
    assert caught.value.code is Code.INTERNAL


@pytest.mark.parametrize(
    ("patient", "outcome"),
    [
        ("P1", RunOutcome(State.WRITTEN, None, ("summary.dcm",))),
        ("KNEE", RunOutcome(State.NOTHING_TO_SEND, "NO_CANDIDATE")),
        ("TWO PATIENTS", RunOutcome.failed(Code.TWO_PATIENTS)),
        ("BUG", RunOutcome.failed(Code.INTERNAL)),
        ("DIE", RunOutcome.failed(Code.WORKER_DIED)),
        ("SEGFAULT", RunOutcome.failed(Code.WORKER_DIED)),
        ("REFUSED MEMORY", RunOutcome.failed(Code.WORKER_OUT_OF_MEMORY)),
    ],
)
def test_every_end_of_a_job_is_an_answer(
    start: Callable[..., Worker], job_for: Callable[[str], Job], patient: str, outcome: RunOutcome
) -> None:
    assert start().run(job_for(patient), limits=Limits(30)) == outcome


def test_worker_stays_warm_after_a_failed_job(
    start: Callable[..., Worker], job_for: Callable[[str], Job]
) -> None:
    worker = start()
    pid = worker.pid
    worker.run(job_for("BUG"), limits=Limits(30))
    assert worker.pid == pid
    assert worker.is_alive()


def test_hung_job_is_killed_in_time_and_the_worker_with_it(
    start: Callable[..., Worker], job_for: Callable[[str], Job]
) -> None:
    worker = start()
    pid = worker.pid
    assert pid is not None
    started = time.monotonic()
    assert worker.run(job_for("HANG"), limits=Limits(0.5)) == RunOutcome.failed(Code.WORKER_TIMEOUT)
    assert time.monotonic() - started < 5
    assert not _is_running(pid)


def test_job_that_holds_too_much_memory_is_killed_and_the_worker_with_it(
    start: Callable[..., Worker], job_for: Callable[[str], Job]
) -> None:
    worker = start()
    pid = worker.pid
    assert pid is not None
    limits = Limits(30, resident_bytes(pid) + (200 << 20))
    outcome = worker.run(job_for("EAT MEMORY"), limits)
    assert outcome == RunOutcome.failed(Code.WORKER_OUT_OF_MEMORY)
    assert not _is_running(pid)


def test_memory_of_a_process_is_what_it_holds() -> None:
    # A mapping of its own: an allocator might hand out pages that the process holds already.
    with mmap.mmap(-1, 64 << 20) as held:
        before = resident_bytes(os.getpid())
        held.write(b"x" * len(held))
        assert resident_bytes(os.getpid()) - before > 32 << 20
    assert resident_bytes(None) == 0


def test_models_that_do_not_load_are_named(start: Callable[..., Worker]) -> None:
    with pytest.raises(WorkerStartError, match="age-dcnn") as caught:
        start(standin.load_nothing)
    assert caught.value.code is Code.MODEL_TAMPERED


def test_worker_leads_its_own_group_and_is_spawned(start: Callable[..., Worker]) -> None:
    worker = start()
    assert worker.pid is not None
    assert os.getpgid(worker.pid) == worker.pid
    assert "spawn" in Path(f"/proc/{worker.pid}/cmdline").read_text()


def test_foreign_errors_are_described_without_what_they_quote() -> None:
    try:
        raise KeyError("Doe^Jane")
    except KeyError as error:
        code, reason = describe(error)
    assert code is Code.INTERNAL
    assert reason.startswith("KeyError at ")
    assert "Doe" not in reason


def test_our_errors_keep_code_and_reason() -> None:
    error = InputError(Code.TWO_PATIENTS, "two patients in one folder")
    assert describe(error) == (Code.TWO_PATIENTS, "two patients in one folder")


def test_full_disk_is_told_from_a_fault_of_the_analysis() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/data/Doe.dcm")
    assert describe(full) == (Code.DISK_LOW, "the disk is full")
    assert describe(OSError(errno.EIO, "Input/output error"))[0] is Code.INTERNAL
