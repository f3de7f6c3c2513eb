import threading
from pathlib import Path

import pytest

from app.service.health import Disk, Health


def _no_disk() -> bool:
    raise OSError("no such device")


def test_thread_that_ended_is_told_dead() -> None:
    ending = threading.Event()
    thread = threading.Thread(target=ending.wait, name="watch")
    health = Health(("watch", "MainThread"), {})
    thread.start()
    assert health.living() == {"watch": True, "MainThread": True}
    ending.set()
    thread.join()
    assert health.living() == {"watch": False, "MainThread": True}


def test_condition_that_cannot_be_asked_does_not_hold() -> None:
    health = Health((), {"models": lambda: True, "listener": lambda: False, "disk": _no_disk})
    assert health.readiness() == {"models": True, "listener": False, "disk": False}


def test_disk_has_room_above_its_reserve_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Disk(tmp_path, 0).free_bytes()
    assert 0 < free <= Disk(tmp_path, 0).size_bytes()
    assert Disk(tmp_path, 1).has_room()
    monkeypatch.setattr(Disk, "free_bytes", lambda _disk: 1)
    assert not Disk(tmp_path, 1).has_room()


def test_small_disk_is_not_refused_as_a_whole(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 1 << 60)
    assert disk.reserve_bytes == pytest.approx(disk.size_bytes() / 20, rel=1e-3)
