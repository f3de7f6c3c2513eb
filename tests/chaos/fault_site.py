"""A site under test: the served stand-in, what is sent to it, and what its register says."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from app.service.records import RunRecord, State
from app.service.register import Register
from app.service.workflow_rows import read_rows
from pacs.part10 import FileMeta, encode_header, seek_data_set
from pacs.sender import Destination, SendError, send
from tests.app.service.served import STAND_IN, Served, free_port, serve

WAIT_S = 60.0
"""Generous: the machine may be busy."""

_UI, _LO, _OB = b"UI", b"LO", b"OB"


@dataclass
class Site:
    """One installation.

    Attributes
    ----------
    changes : settings beyond those below
    """

    folder: Path
    pacs_port: int
    changes: dict[str, object] = field(default_factory=dict)
    program: tuple[str, ...] = STAND_IN
    port: int = field(default_factory=free_port)
    started: list[Served] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "data"

    @property
    def register(self) -> Register:
        return Register(self.root)

    @property
    def destination(self) -> Destination:
        return Destination("127.0.0.1", self.port, "SPINEMAP", "MR1", timeout_s=60)

    def start(self) -> Served:
        settings: Mapping[str, object] = {
            "storage": {"root": str(self.root), "reserve_bytes": 0},
            "quiet_time_s": 0.5,
            "listener": {"port": self.port},
            "web": {"port": free_port()},
            "destinations": [
                {"name": "pacs", "host": "127.0.0.1", "port": self.pacs_port, "ae_title": "PACS"}
            ],
        }
        self.started.append(serve(self.folder, {**settings, **self.changes}, self.program))
        assert self.started[-1].first_line.startswith("ready")
        return self.started[-1]

    def end(self) -> None:
        for served in self.started:
            served.end()

    def write(self, uid: str, study: str = "1.2.3", **values: object) -> Path:
        path = self.folder / f"{uid}.dcm"
        write_instance(path, uid, study, **values)  # type: ignore[arg-type]
        return path

    def send(self, *paths: Path) -> list[Path]:
        """Send over one association and return what was acknowledged."""
        stored: list[Path] = []
        try:
            send(paths, self.destination, lambda item: stored.append(item.path))
        except SendError as error:
            # No room is what a test of a disk is about; anything else is news.
            assert "0xA700" in error.detail, error.detail
        return stored

    def is_kept(self, path: Path, study: str = "1.2.3") -> bool:
        """Tell whether the register has an instance byte for byte, the sender's header aside."""
        kept = self.register.instance_path(study, path.stem)
        return kept.exists() and _data_set(kept) == _data_set(path)

    def runs(self, study: str = "1.2.3") -> list[RunRecord]:
        return self.register.runs_of(study)

    def states(self, study: str = "1.2.3") -> list[State | None]:
        outcomes = [self.register.outcome(run.run_id) for run in self.runs(study)]
        return [outcome.state if outcome else None for outcome in outcomes]

    def is_delivered(self, studies: Iterable[str] = ("1.2.3",)) -> bool:
        """Tell whether the first run of every study has its receipt."""
        return all(self.register.receipt(f"{study}.1", "pacs").is_complete for study in studies)

    def is_idle(self) -> bool:
        """Tell whether nothing is being done, or waits to be done."""
        read = read_rows(self.root)
        return read.is_readable and not any(row.is_active for row in read.rows.values())


def write_instance(
    path: Path,
    uid: str,
    study: str,
    *,
    patient: str = "P1",
    series: str = "",
    pixels: bytes = b"",
) -> None:
    """Write an MR instance with as much in it as a service looks at."""
    meta = FileMeta(str(MRImageStorage), uid, str(ExplicitVRLittleEndian))
    elements = [
        _text(0x0008, 0x0016, _UI, str(MRImageStorage)),
        _text(0x0008, 0x0018, _UI, uid),
        _text(0x0010, 0x0020, _LO, patient),
        _text(0x0020, 0x000D, _UI, study),
        _text(0x0020, 0x000E, _UI, series or f"{study}.1"),
    ]
    if pixels:
        elements.append(struct.pack("<HH2sHI", 0x7FE0, 0x0010, _OB, 0, len(pixels)) + pixels)
    path.write_bytes(encode_header(meta) + b"".join(elements))


def _text(group: int, element: int, representation: bytes, value: str) -> bytes:
    content = value.encode()
    padding = b"\0" if representation == _UI else b" "
    content += padding * (len(content) % 2)
    return struct.pack("<HH2sH", group, element, representation, len(content)) + content


def _data_set(path: Path) -> bytes:
    with path.open("rb") as file:
        seek_data_set(file)
        return file.read()
