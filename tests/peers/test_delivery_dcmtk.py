"""The delivery against dcmtk's storescp, which can be told to misbehave."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom.uid import MRImageStorage

from app.service.delivery import DELIVERED, Delivery, Route, read_attempts
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from pacs.part10 import seek_data_set
from pacs.sender import Destination, send
from tests.app.service.served import Served, free_port, serve, until
from tests.peers.conftest import FindProgram
from tests.peers.objects import PICTURE, REPORT, SEGMENTATION, write_object

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("storescp")]

STUDY = "1.2.826.0.1.3680043.10.3"
RUN = f"{STUDY}.1"
KINDS = {"report.dcm": REPORT, "segmentation.dcm": SEGMENTATION, "summary.dcm": PICTURE}

# A PACS that has never heard of segmentations.
_WITHOUT_SEGMENTATION = """
[[TransferSyntaxes]]
[Explicit]
TransferSyntax1 = LittleEndianExplicit
[[PresentationContexts]]
[Some]
PresentationContext1 = ComprehensiveSRStorage\\Explicit
PresentationContext2 = EnhancedSRStorage\\Explicit
PresentationContext3 = SecondaryCaptureImageStorage\\Explicit
[[Profiles]]
[Default]
PresentationContexts = Some
"""


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    record = RunRecord(RUN, "2026-01-02T03:04:05+00:00", "default", (), ("pacs",))
    register.write_run(record)
    _source, output = register.open_work(record)
    (output / "dicom").mkdir()
    for number, (name, kind) in enumerate(KINDS.items()):
        write_object(output / "dicom" / name, kind, f"{RUN}.9.{number}", STUDY)
    register.close_work(RUN, RunOutcome(State.WRITTEN, None, tuple(KINDS)))
    return register


class Storescp:
    """storescp processes by port; each writes data sets as they come."""

    def __init__(self, program: str, root: Path) -> None:
        self._program = program
        self._root = root
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *options: str, port: int = 0) -> int:
        """Start one, in the place of another on the same port, and return its port."""
        port = port or free_port()
        self.stop(port)
        self.folder(port).mkdir(exist_ok=True)
        names = ("-aet", "PACS", "-od", str(self.folder(port)))
        command = [self._program, "+B", *names, *options, str(port)]
        self._running[port] = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until(lambda: _is_listening(port))
        return port

    def stop(self, port: int) -> None:
        if process := self._running.pop(port, None):
            process.kill()
            process.wait(10)

    def stop_all(self) -> None:
        for port in list(self._running):
            self.stop(port)

    def folder(self, port: int) -> Path:
        return self._root / str(port)

    def data_sets(self, port: int) -> set[bytes]:
        """Return what was stored; what was left half is no data set of ours."""
        return {_data_set(path) for path in self.folder(port).iterdir()}


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _data_set(path: Path) -> bytes:
    with path.open("rb") as file:
        seek_data_set(file)
        return file.read()


@pytest.fixture
def storescp(program: FindProgram, tmp_path: Path) -> Iterator[Storescp]:
    peers = Storescp(program("storescp"), tmp_path)
    yield peers
    peers.stop_all()


def _destination(port: int) -> Destination:
    return Destination("127.0.0.1", port, "PACS", "SPINEMAP", timeout_s=2)


def _ours(register: Register, *names: str) -> set[bytes]:
    return {_data_set(register.run_folder(RUN) / "dicom" / name) for name in names}


def test_storescp_gets_our_bytes(register: Register, storescp: Storescp) -> None:
    port = storescp.start()
    assert Delivery(register, {"pacs": Route(_destination(port))}).deliver(RUN, "pacs") == DELIVERED
    assert storescp.data_sets(port) == _ours(register, *KINDS)


def test_report_is_kept_back_where_storescp_knows_no_segmentations(
    register: Register, storescp: Storescp, tmp_path: Path
) -> None:
    profile = tmp_path / "storescp.cfg"
    profile.write_text(_WITHOUT_SEGMENTATION)
    port = storescp.start("-xf", str(profile), "Default")
    delivery = Delivery(register, {"pacs": Route(_destination(port))})
    assert delivery.deliver(RUN, "pacs") == "CONTEXT_REJECTED"
    attempts = read_attempts(register, RUN, "pacs")
    assert attempts is not None
    assert attempts.detail == "Segmentation Storage; the report is kept back"
    assert storescp.data_sets(port) == _ours(register, "summary.dcm")
    storescp.start(port=port)
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    assert storescp.data_sets(port) == _ours(register, *KINDS)


@pytest.mark.parametrize(
    ("options", "failure"),
    [
        (("--refuse",), "ASSOCIATION_REJECTED"),
        (("--abort-during",), "ABORTED"),
        (("--abort-after",), "ABORTED"),
        (("--sleep-during", "60"), "ABORTED"),
        (("--sleep-after", "60"), "ABORTED"),
    ],
)
def test_storescp_that_misbehaves_is_named_in_time_and_gets_everything_when_it_is_well(
    register: Register, storescp: Storescp, options: tuple[str, ...], failure: str
) -> None:
    port = storescp.start(*options)
    delivery = Delivery(register, {"pacs": Route(_destination(port))})
    started = time.monotonic()
    named = delivery.deliver(RUN, "pacs")
    # storescp closes right behind its rejection: now and then the reset overtakes the answer,
    # nothing is heard of the peer, and only a later try can name it.
    while named == "UNREACHABLE" and time.monotonic() - started < 15:
        named = delivery.deliver(RUN, "pacs")
    assert named == failure
    assert time.monotonic() - started < 20
    storescp.start(port=port)
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    assert storescp.data_sets(port) >= _ours(register, *KINDS)


FAULTS = {
    "well": (),
    "refusing": ("--refuse",),
    "closing": ("--abort-during",),
    "hanging": ("--sleep-during", "600"),
}


@pytest.fixture
def ports(storescp: Storescp) -> dict[str, int]:
    """Return the ports of four destinations with their faults, and of one that is down."""
    running = {name: storescp.start(*options) for name, options in FAULTS.items()}
    return running | {"down": free_port()}


@pytest.fixture
def served(tmp_path: Path, ports: dict[str, int]) -> Iterator[tuple[Served, int]]:
    """Serve with a stand-in analysis; return the listener's port too."""
    listener = free_port()
    common = {"host": "127.0.0.1", "ae_title": "PACS", "timeout_s": 2}
    site = {
        "storage": {"root": str(tmp_path / "served")},
        "quiet_time_s": 1.0,
        "listener": {"port": listener},
        "web": {"port": free_port()},
        "destinations": [{"name": name, "port": port, **common} for name, port in ports.items()],
    }
    served = serve(tmp_path, site)
    assert served.first_line.startswith("ready")
    yield served, listener
    served.end()


def test_destinations_down_refusing_hanging_or_closing_get_everything_later_and_others_on_time(
    served: tuple[Served, int],
    ports: dict[str, int],
    storescp: Storescp,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    instance = write_object(tmp_path / "mr.dcm", MRImageStorage, f"{STUDY}.0.1", STUDY)
    sent = time.monotonic()
    ours = Destination("127.0.0.1", served[1], "SPINEMAP", "MR1", timeout_s=10)
    send([instance], ours, lambda _: None)
    register = Register(tmp_path / "served")
    faulty = set(ports) - {"well"}
    until(lambda: register.receipt(RUN, "well").is_complete, timeout_s=60)
    record_property("delivered to the destination that is well after, s", time.monotonic() - sent)
    until(lambda: all(read_attempts(register, RUN, name) for name in faulty), timeout_s=60)
    assert not any(register.receipt(RUN, name).is_complete for name in faulty)
    for name in faulty:
        storescp.start(port=ports[name])
    # The longest pause after so few attempts, and the time limits of one more.
    until(lambda: all(register.receipt(RUN, name).is_complete for name in faulty), timeout_s=180)
    summary = _data_set(register.run_folder(RUN) / "dicom" / "summary.dcm")
    for port in ports.values():
        assert summary in storescp.data_sets(port)
    # Forgotten right after the receipt is written.
    until(lambda: not any(read_attempts(register, RUN, name) for name in ports))
