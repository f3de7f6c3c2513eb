"""The served instance with the real graph, and `run` beside it, on untrained models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, send
from phantom.protocols import LUMBAR_T2, coarser
from phantom.studies import StudyPlan, write_phantom_study
from tests.app.conftest import Installed
from tests.app.service.served import free_port, run_command, serve, until

pytestmark = pytest.mark.slow

PROGRAM = ("-m", "app", "serve", "--config")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    plan = StudyPlan(55.0, "F", protocols=(coarser(LUMBAR_T2, 4.0),), sub_slices=1)
    study = write_phantom_study(tmp_path / "study", 3, plan)
    return [path for series in study.written.paths for path in series]


@pytest.fixture
def received() -> list[ReceivedInstance]:
    return []


@pytest.fixture
def pacs_port(received: list[ReceivedInstance]) -> Iterator[int]:
    def store(instance: ReceivedInstance) -> StoreStatus:
        received.append(instance)
        return StoreStatus.SUCCESS

    listener = Listener(ListenerSettings("127.0.0.1", 0, Admission(("PACS",), ())), store)
    listener.start()
    yield listener.port
    listener.stop()


def test_service_says_byte_for_byte_what_the_command_says(
    installed: Installed,
    files: list[Path],
    received: list[ReceivedInstance],
    pacs_port: int,
    tmp_path: Path,
) -> None:
    port = free_port()
    site = yaml.safe_load(installed.site.read_text()) | {
        "storage": {"root": str(tmp_path / "data")},
        "quiet_time_s": 0.5,
        "listener": {"port": port},
        "web": {"port": free_port()},
        "destinations": [
            {
                "name": "pacs",
                "host": "127.0.0.1",
                "port": pacs_port,
                "ae_title": "PACS",
                "objects": ["label-map", "document", "report", "text-report"],
            }
        ],
    }
    served = serve(tmp_path, site, PROGRAM)
    try:
        assert served.first_line.startswith(f"ready: DICOM on port {port}")
        send(files, Destination("127.0.0.1", port, "SPINEMAP", "MR1"), lambda _stored: None)
        register = Register(tmp_path / "data")
        until(lambda: any(register.runs()), 30)
        (record,) = register.runs()
        until(lambda: register.outcome(record.run_id) is not None, 120)
        outcome = register.outcome(record.run_id)
        assert outcome is not None
        # Written by default, and not for this destination.
        others = ("segmentation", "secondary-capture")
        sent = [name for name in outcome.objects if not name.split("-", 1)[1].startswith(others)]
        assert [name.split("-", 1)[1] for name in sent] == [
            "label-map.dcm",
            "document.dcm",
            "structured-report.dcm",
            "text-report.dcm",
        ]
        until(lambda: len(received) == len(sent))
        assert served.stop() == 0
    finally:
        served.end()
    command = ("run", "-i", tmp_path / "study", "-o", tmp_path / "out")
    time = ("--analysis-time", record.analysis_time.replace("+00:00", "+0000"))
    assert run_command(*command, "--config", tmp_path / "site.yaml", *time) == 0
    ours = {path.name: path.read_bytes() for path in (tmp_path / "out" / "dicom").glob("*")}
    theirs = {
        path.name: path.read_bytes()
        for path in (register.run_folder(record.run_id) / "dicom").glob("*")
    }
    assert set(outcome.objects) == set(theirs)
    assert ours == theirs
    assert [item.data_set for item in received] == [
        theirs[name][-len(item.data_set) :] for name, item in zip(sent, received, strict=True)
    ]
