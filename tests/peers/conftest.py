"""A real Orthanc as the PACS that gets the results."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.app.service.served import free_port

FindProgram = Callable[[str], str]

_PLUGINS = Path("/usr/share/orthanc/plugins")


@dataclass(frozen=True)
class Orthanc:
    """Where a running Orthanc listens; its AE title is ORTHANC."""

    dicom_port: int
    http_port: int

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"


@pytest.fixture
def orthanc_settings() -> dict[str, object]:
    """Return what a test wants of Orthanc beyond the usual."""
    return {}


@pytest.fixture
def orthanc(
    tmp_path: Path, program: FindProgram, orthanc_settings: dict[str, object]
) -> Iterator[Orthanc]:
    if not (_PLUGINS / "libOrthancDicomWeb.so").exists():
        pytest.skip("Orthanc's DICOMweb plugin is not installed")
    running = Orthanc(free_port(), free_port())
    configuration = tmp_path / "orthanc.json"
    settings = _configuration(tmp_path / "orthanc", running) | orthanc_settings
    configuration.write_text(json.dumps(settings))
    with subprocess.Popen(
        [program("Orthanc"), str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait(running)
            yield running
        finally:
            process.terminate()


def _configuration(storage: Path, running: Orthanc) -> dict[str, object]:
    return {
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "Plugins": [str(_PLUGINS / "libOrthancDicomWeb.so")],
        "DicomAet": "ORTHANC",
        "DicomCheckCalledAet": True,
        "DicomPort": running.dicom_port,
        "HttpPort": running.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowStore": True,
        "UnknownSopClassAccepted": True,
        "DicomWeb": {"Enable": True},
    }


def _wait(running: Orthanc) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{running.web}/system").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("Orthanc did not start")


@pytest.fixture(params=["storescu", "dcmsend"])
def dcmtk_sender(request: pytest.FixtureRequest, program: FindProgram) -> tuple[str, ...]:
    """Return each of dcmtk's senders, told to search folders."""
    return (program(request.param), "+sd", "+r")
