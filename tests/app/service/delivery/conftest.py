"""A run that has ended, a PACS, and a delivery between them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from app.service.delivery import Delivery
from app.service.delivery.routes import Route
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from pacs.listener import ReceivedInstance
from pacs.sender import Destination
from tests.app.service.delivery.archive import PICTURE, REPORT, SEGMENTATION, Archive

RUN = "1.2.3.1"
# The report first: the order of sending must not follow from that of the names.
OBJECTS = {"a.dcm": REPORT, "b.dcm": SEGMENTATION, "c.dcm": PICTURE}
UIDS = {"a.dcm": "1.2.9.97", "b.dcm": "1.2.9.98", "c.dcm": "1.2.9.99"}

WriteRun = Callable[..., str]
Start = Callable[[], Destination]
Deliver = Callable[..., str]


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def write_run(register: Register, make_instance: Callable[..., ReceivedInstance]) -> WriteRun:
    """Write runs as the service does; they have received one instance of their study."""

    def write(objects: Mapping[str, str] = OBJECTS, run_id: str = RUN) -> str:
        record = RunRecord(run_id, "2026-01-02T03:04:05+00:00", "default", ("1.2.3.4",), ("pacs",))
        register.write_run(record)
        received = make_instance()
        path = register.instance_path(record.study_instance_uid, "1.2.3.4")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(received.header + received.data_set)
        _source, output = register.open_work(record)
        (output / "dicom").mkdir()
        for name, sop_class in objects.items():
            uid = f"1.2.9.{ord(name[0])}"
            instance = make_instance(uid=uid, sop_class=sop_class, series=f"{uid}.1")
            (output / "dicom" / name).write_bytes(instance.header + instance.data_set)
        register.close_work(run_id, RunOutcome(State.WRITTEN, None, tuple(objects)))
        return run_id

    return write


@pytest.fixture
def run_id(write_run: WriteRun) -> str:
    return write_run()


@pytest.fixture
def archive() -> Iterator[Archive]:
    archive = Archive()
    yield archive
    archive.stop()


@pytest.fixture
def deliver(register: Register, run_id: str, clock: Clock) -> Deliver:
    """Try once; each try has a delivery of its own, as after a restart."""

    def deliver(route: Route, name: str = "pacs") -> str:
        return Delivery(register, {name: route}, clock).deliver(run_id, name)

    return deliver
