import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.delivery import DELIVERED, Route
from app.service.delivery.folder import Folder
from app.service.register import Register
from tests.app.service.delivery.conftest import RUN, UIDS, Deliver


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "export"
    path.mkdir()
    return path


def test_files_are_those_on_our_disk(deliver: Deliver, register: Register, target: Path) -> None:
    assert deliver(Route(Folder(target))) == DELIVERED
    for name, uid in UIDS.items():
        ours = register.run_folder(RUN) / "dicom" / name
        assert (target / "1.2.3" / f"{uid}.dcm").read_bytes() == ours.read_bytes()
    assert len(list((target / "1.2.3").iterdir())) == 3


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the file system one that knows no hard links."""

    def refuse(_source: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)


def _write_other_content(target: Path) -> Path:
    there = target / "1.2.3" / f"{UIDS['b.dcm']}.dcm"
    there.parent.mkdir()
    there.write_bytes(b"somebody else's")
    return there


def test_other_content_is_never_overwritten(deliver: Deliver, target: Path) -> None:
    there = _write_other_content(target)
    assert deliver(Route(Folder(target))) == "OTHER_CONTENT"
    assert there.read_bytes() == b"somebody else's"


def test_other_content_is_never_overwritten_without_links_either(
    deliver: Deliver, target: Path, without_links: None
) -> None:
    there = _write_other_content(target)
    assert deliver(Route(Folder(target))) == "OTHER_CONTENT"
    assert there.read_bytes() == b"somebody else's"


def test_same_content_is_content(deliver: Deliver, register: Register, target: Path) -> None:
    assert deliver(Route(Folder(target))) == DELIVERED
    register.delivery_path(RUN, "pacs").unlink()
    assert deliver(Route(Folder(target))) == DELIVERED


def test_what_a_killed_process_left_is_replaced(deliver: Deliver, target: Path) -> None:
    part = target / "1.2.3" / f".{UIDS['b.dcm']}.dcm.part"
    part.parent.mkdir()
    part.write_bytes(b"half")
    assert deliver(Route(Folder(target))) == DELIVERED
    assert not part.exists()


def test_folder_that_is_away_is_not_made(deliver: Deliver, target: Path) -> None:
    target.rmdir()
    assert deliver(Route(Folder(target))) == "FOLDER_MISSING"
    assert not target.exists()


def test_file_system_without_links_works_too(
    deliver: Deliver, target: Path, without_links: None
) -> None:
    assert deliver(Route(Folder(target))) == DELIVERED
    assert sorted(path.name for path in (target / "1.2.3").iterdir()) == sorted(
        f"{uid}.dcm" for uid in UIDS.values()
    )


def test_content_is_durable_before_its_name_and_its_name_before_the_receipt(
    deliver: Deliver, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def recorded(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            calls.append(name)
            return real(*arguments)

        return call

    for name in ("fsync", "link", "rename"):
        monkeypatch.setattr(os, name, recorded(name, getattr(os, name)))
    (target / "1.2.3").mkdir()
    assert deliver(Route(Folder(target))) == DELIVERED
    second = calls.index("link", calls.index("link") + 1)
    # The file, its name, the folder; then the receipt: its file, its name.
    assert calls[second - 1 : second + 4] == ["fsync", "link", "fsync", "fsync", "rename"]
