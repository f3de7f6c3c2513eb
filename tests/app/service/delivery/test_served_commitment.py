"""Storage commitment through the whole service, across a kill."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom.uid import MRImageStorage

from app.service.register import Register
from pacs.listener import ReceivedInstance
from pacs.sender import Destination, send
from tests.app.service.delivery.archive import Archive
from tests.app.service.served import Served, free_port, serve, until

pytestmark = pytest.mark.slow

RUN = "1.2.3.1"


@pytest.fixture
def archive() -> Iterator[Archive]:
    archive = Archive(commits=True)
    yield archive
    archive.stop()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start(tmp_path: Path, archive: Archive, port: int) -> Iterator[Callable[[], Served]]:
    pacs = archive.start()
    commitment = {"commitment": True, "commitment_wait_s": 0}
    address = {"host": pacs.host, "port": pacs.port, "ae_title": pacs.ae_title}
    site = {
        "storage": {"root": str(tmp_path / "data")},
        "quiet_time_s": 0.5,
        "listener": {"port": port},
        "web": {"port": free_port()},
        "destinations": [{"name": "pacs", **address, **commitment}],
    }
    started: list[Served] = []

    def start() -> Served:
        started.append(serve(tmp_path, site))
        assert started[-1].first_line.startswith("ready")
        return started[-1]

    yield start
    for served in started:
        served.end()


def test_report_that_comes_after_a_kill_completes_the_delivery_and_nothing_is_sent_again(
    start: Callable[[], Served],
    archive: Archive,
    port: int,
    make_instance: Callable[..., ReceivedInstance],
    tmp_path: Path,
) -> None:
    served = start()
    received = make_instance(sop_class=MRImageStorage)
    path = tmp_path / "received.dcm"
    path.write_bytes(received.header + received.data_set)
    send([path], Destination("127.0.0.1", port, "SPINEMAP", "PACS"), lambda _: None)
    register = Register(tmp_path / "data")
    # A question of which it is not known whether it was heard would be asked again.
    until(lambda: any(register.runs()) and any(register.receipt(RUN, "pacs").transactions.values()))
    served.kill()
    assert not register.receipt(RUN, "pacs").is_complete
    start()
    archive.report(archive.asked[0], port)
    assert archive.acknowledged == [0]
    until(lambda: register.receipt(RUN, "pacs").is_complete, timeout_s=60)
    assert len(archive.asked) == 1
    assert len(archive.received) == 1
