"""The engine on a disk of its own, with an analysis and a delivery that are watched."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from app.service.jobs import Job
from app.service.records import RunOutcome, RunRecord
from app.service.register import Register
from app.service.workflows import Workflows
from tests.app.service import standin

TIME = "2026-01-02T03:04:05+00:00"


class InProcess:
    """Runs the stand-in analysis without a worker."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def run(self, job: Job) -> RunOutcome:
        self.jobs.append(job)
        return standin.analyze(job)


class Post:
    """A delivery that fails as often as told."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, str]] = []
        self.failures = 0

    def deliver(self, run_id: str, name: str) -> str:
        self.attempts.append((run_id, name))
        return "UNREACHABLE" if len(self.attempts) <= self.failures else "DELIVERED"


@pytest.fixture
def inference() -> InProcess:
    return InProcess()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def start(
    register: Register, inference: InProcess, post: Post
) -> Iterator[Callable[..., Workflows]]:
    started: list[Workflows] = []

    def start(destinations: Iterable[str] = ("pacs", "archive")) -> Workflows:
        workflows = Workflows(register, inference, post)  # type: ignore[arg-type]
        workflows.start(destinations)
        started.append(workflows)
        return workflows

    yield start
    for workflows in started:
        workflows.stop()


@pytest.fixture
def record(register: Register, keep: Callable[..., None]) -> RunRecord:
    keep(uid="1.2.3.4")
    record = RunRecord("1.2.3.1", TIME, "default", ("1.2.3.4",), ("pacs", "archive"))
    register.write_run(record)
    return record


def write_records(register: Register, keep: Callable[..., None], count: int) -> list[RunRecord]:
    records = []
    for number in range(count):
        study = f"1.3.{number}"
        keep(uid=f"{study}.4", study=study)
        time_ = f"2026-01-02T03:{number // 60:02d}:{number % 60:02d}+00:00"
        records.append(RunRecord(f"{study}.1", time_, "default", (f"{study}.4",), ()))
        register.write_run(records[-1])
    return records
