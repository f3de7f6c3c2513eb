"""A PACS and a viewer on free ports: Orthanc, and OHIF served beside it by nginx."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.app.service.served import free_port

_HERE = Path(__file__).parent
INSTALLED = _HERE.parents[1] / "build" / "viewer"
DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True)
class Viewer:
    """OHIF and its PACS."""

    url: str
    pacs_port: int

    def store(self, path: Path) -> None:
        """Put an instance into the PACS."""
        assert status(self.pacs_port, "POST", "/instances", path.read_bytes()) == 200


def status(port: int, method: str, target: str, body: bytes | None = None) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, target, body)
        return connection.getresponse().status
    finally:
        connection.close()


def wait_for(port: int, target: str, process: subprocess.Popen) -> None:
    for _ in range(150):
        assert process.poll() is None, f"{process.args[0]} ended"
        try:
            if status(port, "GET", target) == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail(f"{process.args[0]} does not answer")


@contextmanager
def running(command: list[str], port: int, target: str, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for(port, target, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def orthanc_settings(folder: Path, http_port: int, viewer_port: int) -> dict:
    return {
        "Name": "PACS",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http_port,
        "DicomPort": free_port(),
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(DICOMWEB_PLUGIN)],
        # Host is what the viewer's browser sees: bulk data is linked with it.
        "DicomWeb": {
            "Enable": True,
            "Root": "/dicom-web/",
            "Host": f"127.0.0.1:{viewer_port}",
            "Ssl": False,
        },
    }


def nginx_configuration(folder: Path, http_port: int, viewer_port: int) -> str:
    text = (_HERE / "nginx.conf").read_text()
    values = {
        "folder": folder,
        "port": viewer_port,
        "orthanc": http_port,
        "ohif": INSTALLED / "ohif" / "dist",
        "config": _HERE / "app-config.js",
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


@contextmanager
def serve(orthanc: str, nginx: str, folder: Path) -> Iterator[Viewer]:
    http_port, viewer_port = free_port(), free_port()
    settings = folder / "orthanc.json"
    settings.write_text(json.dumps(orthanc_settings(folder, http_port, viewer_port)))
    site = folder / "nginx.conf"
    site.write_text(nginx_configuration(folder, http_port, viewer_port))
    command = [nginx, "-c", str(site), "-p", str(folder)]
    with (
        running([orthanc, str(settings)], http_port, "/system", folder / "orthanc.log"),
        running(command, viewer_port, "/app-config.js", folder / "nginx.log"),
    ):
        yield Viewer(f"http://127.0.0.1:{viewer_port}", http_port)
