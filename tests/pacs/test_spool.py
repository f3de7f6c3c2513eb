import errno
import gc
import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from pacs.part10 import FileMeta, read_meta
from pacs.spool import Shortfall, Spool, SpoolLimits

pytestmark = pytest.mark.slow

META = FileMeta(MRImageStorage, "1.2.3.4", ExplicitVRLittleEndian, "SENDER", "SPINEMAP")
MIB = 1 << 20


@pytest.fixture
def set_free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make the disk one of 1,000 MiB with so many MiB free."""

    def set_free(mib: int) -> None:
        disk = SimpleNamespace(f_frsize=MIB, f_blocks=1000, f_bavail=mib)
        monkeypatch.setattr(os, "statvfs", lambda _folder: disk)

    return set_free


def test_file_holds_header_and_bytes_in_order(tmp_path: Path) -> None:
    file = Spool(tmp_path).open(META)
    for chunk in (b"abc", memoryview(b"def"), b""):
        file.write(chunk)
    assert file.data_set == b"abcdef"
    assert read_meta(file.path) == META
    assert file.path.read_bytes() == file.header + b"abcdef"
    assert file.path.read_bytes()[file.header_size :] == b"abcdef"


def test_larger_instance_is_given_up_and_fills_no_disk(tmp_path: Path) -> None:
    file = Spool(tmp_path, SpoolLimits(maximum_bytes=8 * MIB)).open(META)
    for _ in range(20):
        file.write(bytes(MIB))
    assert file.shortfall is Shortfall.TOO_LARGE
    assert file.size == 20 * MIB
    assert file.path.stat().st_size <= MIB


def test_instance_of_the_largest_size_is_taken(tmp_path: Path) -> None:
    file = Spool(tmp_path, SpoolLimits(maximum_bytes=1000)).open(META)
    file.write(bytes(1000))
    assert file.shortfall is None


def test_below_the_reserve_nothing_is_written_until_there_is_room_again(
    tmp_path: Path, set_free: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    spool = Spool(tmp_path, SpoolLimits(reserve_bytes=20 * MIB))
    set_free(19)
    for _ in range(3):
        file = spool.open(META)
        file.write(b"abc")
        assert file.shortfall is Shortfall.DISK_FULL
    assert list(tmp_path.iterdir()) == []
    set_free(20)
    for _ in range(3):
        assert spool.open(META).shortfall is None
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_reserve_is_watched_while_a_large_instance_comes(
    tmp_path: Path, set_free: Callable[[int], None]
) -> None:
    spool = Spool(tmp_path, SpoolLimits(reserve_bytes=20 * MIB))
    set_free(40)
    file = spool.open(META)
    file.write(bytes(MIB))
    set_free(10)
    for _ in range(16):
        file.write(bytes(MIB))
    assert file.shortfall is Shortfall.DISK_FULL
    assert file.path.stat().st_size <= MIB


def test_small_disk_is_not_refused_as_a_whole(
    tmp_path: Path, set_free: Callable[[int], None]
) -> None:
    spool = Spool(tmp_path, SpoolLimits(reserve_bytes=2000 * MIB))
    set_free(51)
    assert spool.has_room()
    set_free(49)
    assert not spool.has_room()


@pytest.mark.parametrize("call", ["open", "write"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_failed_write_is_remembered_and_not_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: int
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, call, fail)
    file = Spool(tmp_path).open(META)
    file.write(b"abc")
    monkeypatch.undo()
    file.write(b"def")
    assert file.shortfall is Shortfall.WRITE_FAILED


def test_file_that_nobody_holds_is_gone(tmp_path: Path) -> None:
    gc.collect()
    file = Spool(tmp_path).open(META)
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, as fast as can be
    del file
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == descriptors - 1  # noqa: PTH208


def test_renamed_file_stays(tmp_path: Path) -> None:
    file = Spool(tmp_path).open(META)
    file.path.rename(tmp_path / "kept")
    file.discard()
    del file
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_file_put_in_its_place_stays_and_its_descriptor_does_not(tmp_path: Path) -> None:
    gc.collect()
    file = Spool(tmp_path).open(META)
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, as fast as can be
    name = file.path
    file.rename(tmp_path / "kept")
    # Somebody else's by now.
    name.touch()
    file.discard()
    assert file.header == (tmp_path / "kept").read_bytes()
    del file
    gc.collect()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name.name, "kept"])
    assert len(os.listdir("/proc/self/fd")) == descriptors - 1  # noqa: PTH208


def test_file_that_could_not_be_renamed_is_removed(tmp_path: Path) -> None:
    file = Spool(tmp_path).open(META)
    with pytest.raises(OSError, match="No such file"):
        file.rename(tmp_path / "absent" / "kept")
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_rest_of_a_dead_process_is_removed_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "incoming-12-a").touch()
    (tmp_path / "incoming-123-a").touch()
    Spool(tmp_path).clear(12)
    assert [path.name for path in tmp_path.iterdir()] == ["incoming-123-a"]
