"""A PACS and a viewer on free ports: Orthanc, and OHIF served beside it by nginx."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from phantom.dicom_patient import StudyIdentity
from phantom.protocols import LUMBAR_T2, coarser
from phantom.rendering import render
from phantom.subjects import subject
from phantom.write_study import one_series, write_study
from spine.anatomy.grades import Progression, Scale
from spine.anatomy.labels import classes_from_labels
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.errors import Code, Refusal
from spine.findings import (
    AgeEstimate,
    Baseline,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    ScaleForecast,
)
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap
from spine.reporting.writing import RunContext, WritingSettings, write
from spine.segmentation.segmenter import SegmentationSettings, interpret
from tests.app.service.served import free_port

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[1]
_INSTALLED = _REPOSITORY / "build" / "viewer"
_SCREENSHOTS = _REPOSITORY / "build" / "viewer-test"
_DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


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
        "Plugins": [str(_DICOMWEB_PLUGIN)],
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
        "ohif": _INSTALLED / "ohif" / "dist",
        "config": _HERE / "app-config.js",
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


@pytest.fixture(scope="session")
def viewer(
    program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Viewer]:
    if not (_INSTALLED / "ohif" / "dist" / "index.html").exists():
        pytest.skip("needs OHIF: tests/viewer/install.sh build/viewer")
    if not _DICOMWEB_PLUGIN.exists():
        pytest.skip("needs the package orthanc-dicomweb")
    with serve(program("Orthanc"), program("nginx"), tmp_path_factory.mktemp("viewer")) as viewer:
        yield viewer


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


@dataclass(frozen=True)
class SentStudy:
    """Images and results as they lie in the PACS."""

    uid: str
    findings: Findings
    files: tuple[Path, ...]


@pytest.fixture(scope="session")
def demonstration_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    findings = lumbar_findings(tmp_path_factory.mktemp("demonstration"), 1)
    return written(findings, tmp_path_factory.mktemp("out"), demonstration=True)


@pytest.fixture(scope="session")
def refused_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    """What the shipped models give with the default settings."""
    findings = lumbar_findings(tmp_path_factory.mktemp("refused"), 2)
    code, reason = Code.MODEL_NOT_VALIDATED, "The model's evidence is synthetic."
    discs = tuple(
        replace(
            disc,
            forecasts=tuple(Refusal(code, reason, f"{disc.level} {scale}") for scale in Scale),
        )
        for disc in findings.discs
        if isinstance(disc, DiscAssessment)
    )
    withheld = replace(findings, age=Refusal(code, reason, "age"), discs=discs)
    return written(withheld, tmp_path_factory.mktemp("out"), demonstration=False)


@pytest.fixture(scope="session")
def undecodable_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    """A candidate of which only the headers could be read."""
    findings = lumbar_findings(tmp_path_factory.mktemp("undecodable"), 3)
    refusal = Refusal(Code.UNDECODABLE, "The pixels of a slice could not be decoded.", "study")
    selection = replace(findings.selection, volume=None, frames=(), refusal=refusal)
    silent = Findings(selection, refusal, replace(refusal, subject="age"), ())
    return written(silent, tmp_path_factory.mktemp("out"), demonstration=False)


def written(findings: Findings, folder: Path, *, demonstration: bool) -> SentStudy:
    moment = datetime(2025, 3, 15, 10, 30, tzinfo=UTC)
    run = RunContext(folder, moment, "0.1.0", "d" * 64, demonstration=demonstration)
    outcome = write(findings, (_SEGMENTER, _AGE_MODEL, _DISC_MODEL), run, WritingSettings())
    assert findings.selection.series is not None
    images = tuple(instance.path for instance in findings.selection.series.instances)
    study = findings.selection.study
    return SentStudy(study.study_instance_uid, findings, (*images, *outcome.written))


_SEGMENTER = ModelReference("spine-segmentation", "0.1.0", "a" * 64, Evidence.SYNTHETIC)
_AGE_MODEL = ModelReference("age-dcnn", "0.1.0", "b" * 64, Evidence.SYNTHETIC)
_DISC_MODEL = ModelReference("disc-pfirrmann", "0.1.0", "c" * 64, Evidence.SYNTHETIC)


def lumbar_findings(folder: Path, seed: int) -> Findings:
    """A phantom, written and read back, with its true classes and made-up predictions."""
    rendering = render(
        subject(seed, age_years=61.0), coarser(LUMBAR_T2, 1.4), np.random.default_rng(seed)
    )
    series = one_series(rendering.volume, coarser(LUMBAR_T2, 1.4))
    write_study([series], folder, study=StudyIdentity(seed=seed))
    selection = select(load(folder, LoadingSettings()), SelectionSettings())
    assert selection.volume is not None
    labels = canonical(rendering.labels)
    classes = LabelMap(classes_from_labels(labels.data), selection.volume.affine)
    model = SimpleNamespace(reference=_SEGMENTER)
    segmentation = interpret(selection.volume, classes, model, SegmentationSettings())
    assert not isinstance(segmentation, Refusal)
    discs = tuple(
        DiscAssessment(disc.level, (pfirrmann_forecast(),))
        for disc in segmentation.geometry.discs
        if disc.level.is_lumbar
    )
    age = AgeEstimate(61.0, 63.1, 66.4, Evidence.SYNTHETIC, _AGE_MODEL)
    return Findings(selection, segmentation, age, discs)


def pfirrmann_forecast() -> ScaleForecast:
    return ScaleForecast(
        Scale.PFIRRMANN,
        Baseline(3, "baseline table"),
        (0.0, 0.04, 0.3, 0.6, 0.06),
        4,
        Progression.PROGRESSED,
        0.66,
        Evidence.SYNTHETIC,
        _DISC_MODEL,
    )


@pytest.fixture(scope="session")
def open_study(
    viewer: Viewer, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[SentStudy, dict[str, list[str]]], tuple[dict, list[Path]]]:
    """Open series of a study in OHIF; series by the beginning of their name."""
    node, browser = program("node"), program("chromium")

    def open_in_browser(study: SentStudy, series: dict[str, list[str]]) -> tuple[dict, list[Path]]:
        for path in study.files:
            viewer.store(path)
        folder = tmp_path_factory.mktemp("browser")
        _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        shots = [_SCREENSHOTS / f"{study.uid[-6:]}-{file_name(name)}.png" for name in series]
        request = folder / "request.json"
        request.write_text(
            json.dumps(
                {
                    "modules": str(_INSTALLED),
                    "browser": browser,
                    "profile": str(folder / "profile"),
                    "url": f"{viewer.url}/viewer?StudyInstanceUIDs={study.uid}",
                    "series": [
                        {"name": name, "shows": shows, "screenshot": str(shot)}
                        for (name, shows), shot in zip(series.items(), shots, strict=True)
                    ],
                }
            )
        )
        done = subprocess.run(
            [node, str(_HERE / "open_study.mjs"), str(request)],
            capture_output=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        return json.loads(done.stdout), shots

    return open_in_browser


def file_name(words: str) -> str:
    return re.sub("[^a-z0-9]+", "-", words.lower())
