"""The listening container beside an Orthanc container, on a network without a way out."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from app.service.register import Register
from pacs.sender import Destination, send
from tests.app.service.served import until
from tests.image import targets
from tests.image.conftest import SUBNET, Container, Figures, Image, Orthanc, podman

SITE = "/etc/spinemap/site.yaml"
DATA = "/var/lib/spinemap"
PORT = 11112
STORAGE = "/var/lib/orthanc-test"
RESULTS = {"SEG": 4, "SR": 1, "OT": 1}

# SendToModality takes an instance; a study goes by the REST interface, as a job.
_ROUTE = """
function OnStableStudy(study, tags, metadata)
  local job = {Resources = {study}, Synchronous = false}
  RestApiPost('/modalities/spinemap/store', DumpJson(job))
end
"""

Owned = Callable[[str], Path]


def site(folder: Path) -> Path:
    """Write a site's settings: all that differs from app.yaml."""
    content = {
        "listener": {
            "address": "0.0.0.0",  # noqa: S104 - inside the container
            "port": PORT,
            "peers": [{"ae_title": "ORTHANC", "addresses": [SUBNET]}],
        },
        "quiet_time_s": 2.0,
        "destinations": [{"name": "pacs", "host": "orthanc", "port": 4242, "ae_title": "ORTHANC"}],
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o644)
    return path


def serving(data: Path, settings: Path, network: str) -> tuple[str, ...]:
    return (
        f"--network={network}",
        f"--volume={data}:{DATA}",
        f"--volume={settings}:{SITE}:ro",
    )


@pytest.fixture
def orthanc(network: str, tmp_path: Path) -> Iterator[Orthanc]:
    """Orthanc, which routes every study that is complete to SpineMAP, results too."""
    folder = tmp_path / "orthanc"
    folder.mkdir()
    (folder / "route.lua").write_text(_ROUTE)
    (folder / "orthanc.json").write_text(
        json.dumps(
            {
                "StorageDirectory": STORAGE,
                "IndexDirectory": STORAGE,
                "DicomAet": "ORTHANC",
                "DicomPort": 4242,
                "HttpPort": 8042,
                "RemoteAccessAllowed": True,
                "AuthenticationEnabled": False,
                "DicomAlwaysAllowStore": True,
                "UnknownSopClassAccepted": True,
                "StableAge": 2,
                "LuaScripts": ["/etc/orthanc-test/route.lua"],
                "DicomModalities": {"spinemap": ["SPINEMAP", "spinemap", PORT]},
            }
        )
    )
    podman(
        "run", "--detach", "--name=orthanc", f"--network={network}", f"--volume={folder}:{STORAGE}",
        f"--volume={folder}:/etc/orthanc-test:ro", "localhost/orthanc:test",
        "Orthanc", "/etc/orthanc-test/orthanc.json",
    )  # fmt: skip
    running = Orthanc(Container("orthanc").address)
    until(lambda: _answers(running), timeout_s=60)
    yield running
    podman("rm", "--force", "--time=0", "orthanc")


def _answers(orthanc: Orthanc) -> bool:
    try:
        orthanc.get("/system")
    except httpx.HTTPError:
        return False
    return True


def test_orthanc_routes_a_study_in_and_gets_the_results(
    image: Image,
    network: str,
    orthanc: Orthanc,
    study: Path,
    owned: Owned,
    tmp_path: Path,
    figures: Figures,
) -> None:
    data = owned("data")
    service = image.start(
        "spinemap", "serve", "--config", SITE, options=serving(data, site(tmp_path), network)
    )
    ready_s = service.wait_until_ready(timeout_s=120)
    figures.add(targets.READY, ready_s)
    before = _route(study, orthanc)
    until(lambda: _count(orthanc, before) >= sum(RESULTS.values()), timeout_s=180)
    results = {name: orthanc.modalities().count(name) for name in ("SEG", "SR")}
    figures.add(targets.LEFT, sum(RESULTS.values()) - _count(orthanc, before))
    assert results == {"SEG": RESULTS["SEG"], "SR": RESULTS["SR"]}
    _wait_for_the_loop_to_close(orthanc, before)
    status, seconds = service.stop()
    figures.add(targets.STOP, seconds)
    assert status == 0, service.logs()
    assert len(list(Register(data).runs())) == 1
    assert ready_s <= 20
    assert seconds <= 10


def _route(study: Path, orthanc: Orthanc) -> int:
    """Send a study to the PACS, which sends it on; return the number of its instances."""
    files = sorted(study.rglob("*.dcm"))
    send(files, Destination(orthanc.address, 4242, "ORTHANC", "SCANNER"), lambda _stored: None)
    return len(files)


def _count(orthanc: Orthanc, before: int) -> int:
    return len(orthanc.get("/instances")) - before


def _wait_for_the_loop_to_close(orthanc: Orthanc, before: int) -> None:
    """Let Orthanc send our own results back to us: nothing may come of it."""
    count = _count(orthanc, before)
    time.sleep(10)
    assert _count(orthanc, before) == count


def test_restart_keeps_everything(image: Image, network: str, owned: Owned, tmp_path: Path) -> None:
    data, settings = owned("data"), site(tmp_path)
    for number in range(2):
        service = image.start(
            f"restart{number}", "serve", "--config", SITE,
            options=serving(data, settings, network),
        )  # fmt: skip
        service.wait_until_ready(timeout_s=120)
        assert service.stop()[0] == 0


def test_volume_of_another_user_ends_with_2(image: Image, tmp_path: Path) -> None:
    ended = image.run("serve", options=(f"--volume={tmp_path}:{DATA}",))
    assert (ended.status, "OUTPUT_UNWRITABLE" in ended.complaint) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_no_volume_ends_with_2(image: Image) -> None:
    ended = image.run("serve")
    assert (ended.status, "OUTPUT_UNWRITABLE" in ended.complaint) == (2, True)


def test_unknown_setting_ends_with_2(image: Image, owned: Owned, tmp_path: Path) -> None:
    settings = tmp_path / "wrong.yaml"
    settings.write_text("listner: {port: 104}\n")
    options = (f"--volume={owned('data')}:{DATA}", f"--volume={settings}:{SITE}:ro")
    ended = image.run("serve", "--config", SITE, options=options)
    assert (ended.status, "SETTINGS_INVALID: listner" in ended.complaint) == (2, True)


def test_port_in_use_ends_with_2(image: Image, network: str, owned: Owned, tmp_path: Path) -> None:
    settings = site(tmp_path)
    first = image.start(
        "first", "serve", "--config", SITE, options=serving(owned("first"), settings, network)
    )
    first.wait_until_ready(timeout_s=120)
    second = image.start(
        "second", "serve", "--config", SITE,
        options=serving(owned("second"), settings, "container:first"),
    )  # fmt: skip
    assert int(podman("wait", "second").out) == 2
    assert "SETTINGS_INVALID: listener: Address already in use" in second.logs()
    # It lives in the first one's network, which could not be removed before it.
    podman("rm", "second")
    assert first.stop()[0] == 0
