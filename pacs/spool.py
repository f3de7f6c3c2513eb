"""Where instances lie while they come in: files that grow with the bytes, within limits."""

import logging
import os
import threading
import uuid
import weakref
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pacs.part10 import FileMeta, encode_header

_LOG = logging.getLogger(__name__)

# However much a site reserves: a small disk must not be refused as a whole.
_LARGEST_RESERVED_SHARE = 0.05
# Of an instance that is given up, enough to say which study it belongs to.
_HEAD_BYTES = 1 << 20
# One instance may be larger than the reserve, so the disk is looked at again while it comes.
_CHECK_EVERY_BYTES = 16 << 20


class Shortfall(StrEnum):
    """Why the bytes of an instance are not, or not all, on disk."""

    DISK_FULL = "DISK_FULL"
    TOO_LARGE = "TOO_LARGE"
    WRITE_FAILED = "WRITE_FAILED"


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """How much may come.

    Attributes
    ----------
    maximum_bytes : of one instance
    reserve_bytes : free space below which nothing more is taken; at most 5 % of the disk counts
    """

    maximum_bytes: int = 2 << 30
    reserve_bytes: int = 0


class Spool:
    """Opens a file for each instance that comes in.

    Parameters
    ----------
    folder : on the file system where the instances shall stay, so that they can be renamed
    """

    def __init__(self, folder: Path, limits: SpoolLimits = SpoolLimits()) -> None:
        self.folder = folder
        self.limits = limits
        self._is_short = False
        self._lock = threading.Lock()

    def open(self, meta: FileMeta) -> "IncomingFile":
        """Return a file that begins with the header of an instance; never raises."""
        return IncomingFile(self, meta)

    def has_room(self) -> bool:
        """Tell whether the reserve is untouched; say so in the log when that changes."""
        disk = os.statvfs(self.folder)
        share = int(disk.f_blocks * disk.f_frsize * _LARGEST_RESERVED_SHARE)
        reserve = min(self.limits.reserve_bytes, share)
        is_short = disk.f_bavail * disk.f_frsize < reserve
        with self._lock:
            has_changed, self._is_short = is_short is not self._is_short, is_short
        if has_changed and is_short:
            _LOG.error("disk: less than %d bytes free, nothing more is received", reserve)
        elif has_changed:
            _LOG.warning("disk: more than %d bytes free again, receiving", reserve)
        return not is_short

    def clear(self, process: int) -> None:
        """Remove what a process that is dead had not finished."""
        for path in self.folder.glob(f"{_prefix(process)}*"):
            path.unlink(missing_ok=True)


class IncomingFile:
    """Header and data set of an instance; once a limit is met, further bytes are dropped.

    Whoever holds the object holds its bytes: the descriptor is closed, and the file removed
    where it has not been renamed, when nobody does any more.

    Attributes
    ----------
    shortfall : why it is not whole; None while it is
    size : bytes of the data set that have come, dropped ones included
    """

    def __init__(self, spool: Spool, meta: FileMeta) -> None:
        self.meta = meta
        self.path = spool.folder / f"{_prefix(os.getpid())}{uuid.uuid4().hex}"
        self.shortfall: Shortfall | None = None
        self.size = 0
        self._spool = spool
        self._header_size = 0
        self._checked_at = 0
        self._descriptor = -1
        self._is_kept = False
        self._disposal: weakref.finalize[..., IncomingFile] | None = None
        try:
            if spool.has_room():
                self._open(encode_header(meta))
            else:
                self.shortfall = Shortfall.DISK_FULL
        except OSError as error:
            self._fail(error)

    @property
    def header(self) -> bytes:
        """Return preamble and file meta information, made by us."""
        return os.pread(self._descriptor, self._header_size, 0)

    @property
    def data_set(self) -> bytes:
        """Return the bytes received, all at once: for small instances."""
        return os.pread(self._descriptor, self.size, self._header_size)

    def read_head(self, size: int) -> bytes:
        """Return the first bytes received, through the descriptor that wrote them."""
        return os.pread(self._descriptor, size, self._header_size)

    @property
    def header_size(self) -> int:
        """Return where in the file the data set begins, in bytes."""
        return self._header_size

    def write(self, chunk: bytes | memoryview) -> None:
        """Append to the data set; never raises, see `shortfall`."""
        self.size += len(chunk)
        if self.shortfall is not None:
            return
        try:
            self._check_limits()
            if self.shortfall is None:
                _write_all(self._descriptor, chunk)
        except OSError as error:
            self._fail(error)

    def sync(self) -> None:
        """Make the content durable, through the descriptor that wrote it.

        A descriptor opened later may not be told of an error in writing back.
        """
        os.fsync(self._descriptor)

    def rename(self, target: Path) -> None:
        """Put the file in its place: it is nobody's to remove any more."""
        os.rename(self.path, target)  # noqa: PTH104 - beside the other calls whose order matters
        self._is_kept = True
        if self._disposal is not None:
            self._disposal.detach()
        self._disposal = weakref.finalize(self, os.close, self._descriptor)

    def discard(self) -> None:
        """Remove the file unless it has been renamed; who holds the object can still read it."""
        if not self._is_kept:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the file and free its disk space; its bytes can be read no more."""
        if self._disposal is not None:
            self._disposal()

    def _open(self, header: bytes) -> None:
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
        self._disposal = weakref.finalize(self, _dispose, self._descriptor, self.path)
        _write_all(self._descriptor, header)
        self._header_size = len(header)

    def _check_limits(self) -> None:
        if self.size > self._spool.limits.maximum_bytes:
            self._give_up(Shortfall.TOO_LARGE)
        elif self.size - self._checked_at >= _CHECK_EVERY_BYTES:
            self._checked_at = self.size
            if not self._spool.has_room():
                self._give_up(Shortfall.DISK_FULL)

    def _fail(self, error: OSError) -> None:
        _LOG.error("instance not written: %s", error.strerror)
        self._give_up(Shortfall.WRITE_FAILED)

    def _give_up(self, shortfall: Shortfall) -> None:
        self.shortfall = shortfall
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, min(_HEAD_BYTES, os.fstat(self._descriptor).st_size))


def _prefix(process: int) -> str:
    return f"incoming-{process}-"


def _dispose(descriptor: int, path: Path) -> None:
    os.close(descriptor)
    path.unlink(missing_ok=True)


def _write_all(descriptor: int, chunk: bytes | memoryview) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
