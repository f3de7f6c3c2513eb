"""What is wrong with disk, clock, models, ports and destinations, before a study finds out."""

import ctypes
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.analysis import science_settings
from app.approval import approvals
from app.operations import is_served
from app.service.delivery import probe
from app.service.health import Disk
from app.service.register import Register
from app.setting_sections import ModelsSection, StorageSection
from app.setting_types import Address
from app.settings import Settings
from pacs.sender import SendError
from spine.errors import Code, Refusal, SpineError
from spine.inference.backends import Backend
from spine.inference.loading import load_models

# adjtimex(2): the clock is not synchronized.
_TIME_ERROR = 5
_TIMEX_BYTES = 512
_SKEW_S = 300.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `error` is None where it is well or only worth a note."""

    name: str
    text: str
    error: SpineError | None = None
    is_note: bool = False

    @property
    def line(self) -> str:
        """Return what is printed: the verdict, the name, the code where it is wrong, the text."""
        if self.error is not None:
            return f"WRONG {self.name}: {self.error.code}: {self.text}"
        return f"{'note ' if self.is_note else 'ok   '} {self.name}: {self.text}"


def checks(settings: Settings) -> Iterator[Check]:
    """Yield one result after another, cheapest first."""
    yield _science(settings)
    yield _disk(settings.storage)
    yield from _permissions(settings.storage.root)
    yield from _clock(settings.storage.root)
    if is_served(Register(settings.storage.root)):
        yield Check("ports", "the service runs")
    else:
        yield _port("listener", settings.listener.address, settings.listener.port)
        yield _port("web", settings.web.address, settings.web.port)
    yield from _models(settings)
    if not settings.destinations:
        yield Check("destinations", "none: results stay here", is_note=True)
    for destination in settings.destinations:
        yield _destination(destination.name, settings)


def _wrong(name: str, code: Code, text: str) -> Check:
    return Check(name, text, SpineError(code, text))


def _science(settings: Settings) -> Check:
    try:
        science = science_settings(settings.science)
    except SpineError as error:
        return Check("science", error.reason, error)
    return Check("science", f"minimum evidence {science.minimum_evidence}")


def _disk(storage: StorageSection) -> Check:
    root = storage.root
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=root) as file:
            os.fsync(file.fileno())
        disk = Disk(root, storage.reserve_bytes)
        free, reserve = disk.free_bytes() / 1e9, disk.reserve_bytes / 1e9
        text = f"{root}: {free:.1f} GB free, {reserve:.1f} GB reserved"
    except PermissionError as error:
        return _wrong("disk", Code.PERMISSION_DENIED, f"{root}: {error.strerror}")
    except OSError as error:
        return _wrong("disk", Code.DISK_UNUSABLE, f"{root}: {error.strerror}")
    return Check("disk", text) if disk.has_room() else _wrong("disk", Code.DISK_LOW, text)


def _permissions(root: Path) -> Iterator[Check]:
    """Look whether we may write, and whether others may read what identifies patients."""
    folders = [path for path in (root, *sorted(root.glob("*"))) if path.is_dir()]
    locked = [path for path in folders if not os.access(path, os.R_OK | os.W_OK | os.X_OK)]
    if locked:
        yield _wrong("permissions", Code.PERMISSION_DENIED, f"{locked[0]}: not ours to write")
    elif root.is_dir() and root.stat().st_mode & 0o007:
        text = f"{root}: every user of this machine can enter; chmod o-rwx"
        yield Check("permissions", text, is_note=True)
    else:
        yield Check("permissions", f"{root}: ours")


def _clock(root: Path) -> Iterator[Check]:
    """Look whether the clock went back behind what was written, and whether anything sets it."""
    runs = root / "runs"
    ahead = max((path.stat().st_mtime for path in runs.glob("*")), default=0.0) - time.time()
    if ahead > _SKEW_S:
        text = f"a run was written {ahead / 60:.0f} min in the future: the clock was set back"
        yield _wrong("clock", Code.CLOCK_WRONG, text)
    elif _is_unsynchronized():
        yield Check("clock", "no time service keeps it; ages of results may lie", is_note=True)
    else:
        yield Check("clock", "synchronized")


def _is_unsynchronized() -> bool:
    # With modes 0 the call only reads (adjtimex(2)); the structure is shorter than this.
    answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return int(answer) == _TIME_ERROR


def _port(name: str, address: Address, port: int) -> Check:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        socket.create_server((str(address), port), family=family).close()
    except PermissionError as error:
        return _wrong(name, Code.PERMISSION_DENIED, f"{address} port {port}: {error.strerror}")
    except OSError as error:
        return _wrong(name, Code.PORT_IN_USE, f"{address} port {port}: {error.strerror}")
    return Check(name, f"{address} port {port} is free")


def _models(settings: Settings) -> Iterator[Check]:
    """Load the models of every profile, each set of them once."""
    seen: list[ModelsSection] = []
    for profile in settings.profiles:
        own = settings.for_profile(profile)
        if own.models not in seen:
            seen.append(own.models)
            suffix = "" if own.models == settings.models else f" of profile {profile}"
            yield from _models_of(own, suffix)


def _models_of(settings: Settings, suffix: str) -> Iterator[Check]:
    section = settings.models
    try:
        models = load_models(
            section.folder,
            approvals(settings),
            Backend(section.backend),
            section.device,
            section.threads,
        )
    except SpineError as error:
        yield Check(f"models{suffix}", error.reason, error)
        return
    for reference in models.references:
        text = f"{reference.version}, evidence {reference.evidence}"
        yield Check(f"{reference.name}{suffix}", text)
    for model in (models.age, *models.discs.values()):
        if isinstance(model, Refusal):
            text = f"{model.code}: results will be refused"
            yield Check(f"{model.subject}{suffix}", text, is_note=True)


def _destination(name: str, settings: Settings) -> Check:
    entry = next(entry for entry in settings.destinations if entry.name == name)
    try:
        probe(entry.to_route())
    except SendError as error:
        return Check(name, str(error), SpineError(Code.DELIVERY_FAILED, str(error)))
    return Check(name, f"{entry.kind} answers")
