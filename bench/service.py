"""What the service adds to a study beyond the quiet time and the analysis, end to end."""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from bench.intake import free_port
from bench.standin import DURATION_S
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, send
from research.measurements import Data, Measurement

STUDIES = 10
INSTANCES = 40
QUIET_TIME_S = 2.0
TARGET_S = 1.0
_PIXELS = 512 * 512 * 2
_LONGEST_S = 120.0


def bench_service() -> list[Measurement]:
    """Send studies one after another to a served instance, which delivers to a peer beside it.

    From the last instance acknowledged to the result at the peer, less quiet time and
    analysis. Both disks fsync; the analysis is a stand-in of fixed duration.
    """
    with tempfile.TemporaryDirectory() as name, _peer() as peer, _served(Path(name), peer) as port:
        seconds = [_measure(Path(name), number, port, peer) for number in range(STUDIES + 1)]
    # The first warms everything up.
    overheads = [value - QUIET_TIME_S - DURATION_S for value in seconds[1:]]
    name = f"service: overhead per study of {INSTANCES} instances"
    return [
        Measurement(
            f"{name}, median",
            statistics.median(overheads),
            "s",
            Data.SYNTHETIC,
            STUDIES,
            TARGET_S,
            "lower",
        ),
        Measurement(f"{name}, largest", max(overheads), "s", Data.SYNTHETIC, STUDIES),
    ]


class Peer:
    """A destination that notes when a result came, by a clock of this process."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.at = 0.0
        admission = Admission(("PEER",), ())
        self.listener = Listener(ListenerSettings("127.0.0.1", 0, admission), self._store)

    def _store(self, _instance: ReceivedInstance) -> StoreStatus:
        self.at = time.monotonic()
        self.arrived.set()
        return StoreStatus.SUCCESS


@contextmanager
def _peer() -> Iterator[Peer]:
    peer = Peer()
    peer.listener.start()
    try:
        yield peer
    finally:
        peer.listener.stop()


@contextmanager
def _served(folder: Path, peer: Peer) -> Iterator[int]:
    port, settings = free_port(), folder / "site.yaml"
    destination = {"name": "peer", "host": "127.0.0.1", "ae_title": "PEER"}
    content = {
        "storage": {"root": str(folder / "data")},
        "quiet_time_s": QUIET_TIME_S,
        "listener": {"port": port},
        "web": {"port": free_port()},
        "destinations": [{**destination, "port": peer.listener.port}],
    }
    settings.write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "bench.standin", str(settings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            if process.stdout is None or process.stdout.readline() != b"ready\n":
                raise AssertionError("the service did not start")
            yield port
        finally:
            process.terminate()


def _measure(folder: Path, number: int, port: int, peer: Peer) -> float:
    """Return the seconds from the last acknowledgment to the result."""
    study = f"1.2.{number}"
    paths = [_write_instance(folder, f"{study}.{count}", study) for count in range(INSTANCES)]
    peer.arrived.clear()
    send(paths, Destination("127.0.0.1", port, "SPINEMAP", "BENCH", 30.0), lambda _stored: None)
    sent = time.monotonic()
    if not peer.arrived.wait(_LONGEST_S):
        raise AssertionError("no result came")
    for path in paths:
        path.unlink()
    return peer.at - sent


def _write_instance(folder: Path, uid: str, study: str) -> Path:
    instance = Dataset()
    instance.file_meta = FileMetaDataset()
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    instance.SOPClassUID, instance.SOPInstanceUID = MRImageStorage, uid
    instance.StudyInstanceUID, instance.SeriesInstanceUID = study, f"{study}.1"
    instance.Modality, instance.PatientID = "MR", "BENCH"
    instance.PixelData = bytes(_PIXELS)
    instance["PixelData"].VR = "OW"
    path = folder / f"{uid}.dcm"
    instance.save_as(path, enforce_file_format=True)
    return path
