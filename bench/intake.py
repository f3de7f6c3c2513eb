"""Receiving, beside Orthanc and dcmtk's storescp: images per second in one run."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from json import dumps
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from app.service.receiver import ReceptionSettings
from app.service.receivers import open_reception
from app.service.register import Register
from app.settings import load_settings
from pacs.listener import ListenerSettings
from pacs.peers import Admission
from pacs.spool import SpoolLimits
from research.measurements import Data, Measurement

INSTANCES = 1500
ROUNDS = 3
ASSOCIATIONS = (1, 4)
# Times as fast as Orthanc, by the number of associations.
TARGETS = {1: 1.0, 4: 1.5}
_PDU = "131072"
_AE_TITLE = "BENCH"
_START_TIMEOUT_S = 60.0
# dcmtk, also inside Orthanc, switches Nagle's algorithm off unless this says otherwise.
_ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


@dataclass(frozen=True, slots=True)
class Peer:
    """A receiver under test.

    Attributes
    ----------
    durability : what it has done before it answers
    kept : glob pattern of its copies below its folder
    """

    name: str
    port: int
    folder: Path
    durability: str
    kept: str


def bench_intake() -> list[Measurement]:
    """Send 1,500 instances of 512 x 512 x 16 bit to each, with one association and with four.

    Each round sends to every peer in turn, and the ratios are medians of the rounds' own, so
    that what else the machine does meets all alike. The sender is dcmtk's storescu, one process
    an association.
    """
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        instance = _write_instance(folder / "instance.dcm")
        opened = (_ours(folder), _orthanc(folder), _storescp(folder))
        ours, orthanc, storescp = peers = [stack.enter_context(peer) for peer in opened]
        for peer in peers:
            sys.stdout.write(f"intake: {peer.name}: {peer.durability}\n")
        seconds = _measure(peers, instance)
    rows = []
    for count in ASSOCIATIONS:
        against = {peer.name: seconds[peer.name, count] for peer in (ours, orthanc, storescp)}
        rows += _rows(f"intake, {count} association{'s' * (count > 1)}", against, TARGETS[count])
    return rows


def _rows(name: str, seconds: dict[str, list[float]], target: float) -> list[Measurement]:
    ours, orthanc, storescp = seconds.values()
    rates = {peer: INSTANCES / sum(rounds) for peer, rounds in seconds.items()}
    share = "share of storescp, which does not fsync"
    figures = [
        *((f"{name}: {peer}", rate, "images/s", None) for peer, rate in rates.items()),
        (f"{name}: times as fast as Orthanc", _times_as_fast(ours, orthanc), "x", target),
        (f"{name}: {share}", _times_as_fast(ours, storescp), "x", None),
    ]
    return [
        Measurement(label, value, unit, Data.SYNTHETIC, INSTANCES, goal)
        for label, value, unit, goal in figures
    ]


def _times_as_fast(ours: list[float], theirs: list[float]) -> float:
    """Compare within each round: what slows one down there slows the other down too."""
    return statistics.median(their / our for our, their in zip(ours, theirs, strict=True))


def _measure(peers: list[Peer], instance: Path) -> dict[tuple[str, int], list[float]]:
    """Return the seconds of each round, by peer and number of associations."""
    seconds: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for count in ASSOCIATIONS:
            for peer in peers:
                seconds[peer.name, count].append(_send(peer, instance, count))
    for peer in peers:
        kept = sum(path.stat().st_size > instance.stat().st_size // 2 for path in _copies(peer))
        if kept != INSTANCES * len(ASSOCIATIONS):
            raise AssertionError(f"{peer.name} kept {kept} instances")
    return seconds


def _copies(peer: Peer) -> Iterator[Path]:
    return (path for path in peer.folder.glob(peer.kept) if path.is_file())


def _send(peer: Peer, instance: Path, associations: int) -> float:
    """Send a round's share, each association by a process of its own; return the seconds."""
    each = INSTANCES // ROUNDS // associations
    options = ["-aec", _AE_TITLE, "-xe", "--max-pdu", _PDU, "+II", "--repeat", str(each)]
    command = ["storescu", *options, "127.0.0.1", str(peer.port), str(instance)]
    started = time.perf_counter()
    senders = [
        subprocess.Popen(command, env=_ENVIRONMENT, stderr=subprocess.DEVNULL)
        for _ in range(associations)
    ]
    statuses = [sender.wait() for sender in senders]
    if any(statuses):
        raise AssertionError(f"{peer.name} did not accept everything")
    return time.perf_counter() - started


@contextmanager
def _ours(folder: Path) -> Iterator[Peer]:
    processes = load_settings(environ={}).listener.processes
    register = Register(folder / "ours")
    register.prepare()
    listener = ListenerSettings("127.0.0.1", 0, Admission((_AE_TITLE,), ()))
    settings = ReceptionSettings(listener, SpoolLimits(reserve_bytes=1), processes)
    reception = open_reception(settings, register, lambda _arrival: None)
    reception.start()
    durability = f"fsync of file and folder before the answer; {processes} processes"
    try:
        yield Peer("ours", reception.port, register.root, durability, "studies/*/in/*")
    finally:
        reception.stop()


@contextmanager
def _orthanc(folder: Path) -> Iterator[Peer]:
    root, port = folder / "orthanc", free_port()
    root.mkdir()
    configuration = {
        "StorageDirectory": str(root),
        "IndexDirectory": str(root / "index"),
        "DicomPort": port,
        "DicomAet": _AE_TITLE,
        "HttpServerEnabled": False,
        "SyncStorageArea": True,
        "MaximumPduLength": int(_PDU),
    }
    path = folder / "orthanc.json"
    path.write_text(dumps(configuration))
    durability = "SyncStorageArea (fsync of the file), its default; index in SQLite"
    with _running(["Orthanc", str(path)], port):
        yield Peer("Orthanc", port, root, durability, "[0-9a-f][0-9a-f]/*/*")


@contextmanager
def _storescp(folder: Path) -> Iterator[Peer]:
    root, port = folder / "storescp", free_port()
    root.mkdir()
    command = ["storescp", "--fork", "--max-pdu", _PDU, "-od", str(root), str(port)]
    with _running(command, port):
        yield Peer("storescp --fork", port, root, "no fsync", "*")


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=_ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("a receiver did not start")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_instance(path: Path) -> Path:
    instance = Dataset()
    instance.file_meta = FileMetaDataset()
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    instance.SOPClassUID, instance.SOPInstanceUID = MRImageStorage, "1.2.3.4"
    instance.StudyInstanceUID, instance.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    instance.Modality, instance.PatientID, instance.PatientName = "MR", "BENCH", "BENCH"
    instance.StudyID = instance.SeriesNumber = instance.InstanceNumber = "1"
    instance.SamplesPerPixel, instance.PhotometricInterpretation = 1, "MONOCHROME2"
    instance.Rows = instance.Columns = 512
    instance.BitsAllocated, instance.BitsStored, instance.HighBit = 16, 12, 11
    instance.PixelRepresentation = 0
    pixels = np.random.default_rng(1).integers(0, 4096, (512, 512), dtype=np.uint16)
    instance.PixelData = pixels.tobytes()
    instance.save_as(path, enforce_file_format=True)
    return path
