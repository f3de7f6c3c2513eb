"""Each thing that can be wrong is named with its code."""

import os
import socket
import time
from pathlib import Path

import pytest
import yaml

from app.check import Check, checks
from app.service.health import Disk
from app.service.register import Register
from app.settings import Settings, load_settings
from spine.errors import Code
from tests.app.conftest import Installed


@pytest.fixture
def site(installed: Installed, tmp_path: Path) -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load(installed.site.read_text())
    free = {"port": 0}
    return {**content, "storage": {"root": str(tmp_path / "data")}, "listener": free, "web": free}


def _checked(site: dict[str, object], folder: Path) -> dict[str, Check]:
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site))
    settings: Settings = load_settings(path, {})
    return {item.name: item for item in checks(settings)}


def _codes(found: dict[str, Check]) -> dict[str, Code]:
    return {name: item.error.code for name, item in found.items() if item.error is not None}


def test_all_is_well_on_a_new_disk(site: dict[str, object], tmp_path: Path) -> None:
    found = _checked(site, tmp_path)
    assert _codes(found) == {}
    assert found["destinations"].line.startswith("note  destinations: none")
    assert found["disk"].line.startswith("ok    disk:")


def test_port_that_another_program_has_is_named(site: dict[str, object], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        site["listener"] = {"port": other.getsockname()[1]}
        found = _checked(site, tmp_path)
    assert _codes(found) == {"listener": Code.PORT_IN_USE}
    assert found["listener"].line.startswith("WRONG listener: PORT_IN_USE: 127.0.0.1 port")


def test_port_that_the_service_itself_has_is_well(site: dict[str, object], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, Register(tmp_path / "data").hold():
        site["listener"] = {"port": other.getsockname()[1]}
        assert _codes(_checked(site, tmp_path)) == {}


def test_disk_below_its_reserve_is_named(
    site: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "free_bytes", lambda _disk: 10)
    assert _codes(_checked(site, tmp_path)) == {"disk": Code.DISK_LOW}


def test_root_that_is_no_folder_is_named(site: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert _codes(_checked(site, tmp_path))["disk"] is Code.DISK_UNUSABLE


def test_folder_that_is_not_ours_is_named(
    site: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "studies").mkdir(parents=True)
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path.name != "studies" and access(path, mode)
    )
    found = _checked(site, tmp_path)
    assert _codes(found) == {"permissions": Code.PERMISSION_DENIED}
    assert "studies" in found["permissions"].text


def test_folder_that_everybody_can_enter_is_noted(site: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    assert _checked(site, tmp_path)["permissions"].is_note
    (tmp_path / "data").chmod(0o750)
    assert not _checked(site, tmp_path)["permissions"].is_note


def test_clock_that_was_set_back_behind_a_run_is_named(
    site: dict[str, object], tmp_path: Path
) -> None:
    run = tmp_path / "data" / "runs" / "1.2.3.1"
    run.mkdir(parents=True)
    os.utime(run, (time.time() + 3600,) * 2)
    assert _codes(_checked(site, tmp_path)) == {"clock": Code.CLOCK_WRONG}


def test_clock_that_nothing_keeps_is_noted(
    site: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in (True, False):
        monkeypatch.setattr("app.check._is_unsynchronized", lambda answer=answer: answer)
        assert _checked(site, tmp_path)["clock"].is_note is answer


def test_models_that_are_not_there_are_named(site: dict[str, object], tmp_path: Path) -> None:
    site["models"] = {"folder": str(tmp_path / "none")}
    assert _codes(_checked(site, tmp_path)) == {"models": Code.MODEL_MISSING}


def test_models_of_a_profile_of_its_own_are_looked_at_too(
    site: dict[str, object], tmp_path: Path
) -> None:
    site["listener"] = {"port": 0, "ae_titles": ["SPINEMAP", "RESEARCH"]}
    own = {"ae_titles": ["RESEARCH"], "models": {"folder": str(tmp_path / "none")}}
    site["profiles"] = {"research": own, "same": {}}

    found = _checked(site, tmp_path)

    assert _codes(found) == {"models of profile research": Code.MODEL_MISSING}
    assert sum("spine-segmentation" in name for name in found) == 1
