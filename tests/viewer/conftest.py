"""One PACS, one viewer and one browser for all tests; studies as they are sent."""

from collections.abc import Callable, Iterator

import pytest

from spine.reporting.kinds import Kind
from tests.viewer import browser, studies
from tests.viewer.ohif import Ohif
from tests.viewer.pacs import DICOMWEB_PLUGIN, INSTALLED, Viewer, serve
from tests.viewer.studies import SentStudy

FindProgram = Callable[[str], str]

_PICTURES = INSTALLED.with_name("viewer-test")


@pytest.fixture(scope="package")
def viewer(program: FindProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    if not (INSTALLED / "ohif" / "dist" / "index.html").exists():
        pytest.skip("needs OHIF: tests/viewer/install.sh build/viewer")
    if not DICOMWEB_PLUGIN.exists():
        pytest.skip("needs the package orthanc-dicomweb")
    with serve(program("Orthanc"), program("nginx"), tmp_path_factory.mktemp("viewer")) as viewer:
        yield viewer


@pytest.fixture(scope="package")
def ohif(
    viewer: Viewer, program: FindProgram, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ohif]:
    folder = tmp_path_factory.mktemp("browser")
    with browser.started(program("node"), program("chromium"), INSTALLED, folder) as page:
        yield Ohif(page, viewer, _PICTURES)


@pytest.fixture(scope="package")
def demonstration_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    findings = studies.lumbar_findings(tmp_path_factory.mktemp("demonstration"), 1)
    return studies.written(findings, tmp_path_factory.mktemp("out"), demonstration=True)


@pytest.fixture(scope="package")
def refused_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    """What the shipped models give with the default settings."""
    findings = studies.lumbar_findings(tmp_path_factory.mktemp("refused"), 2)
    out = tmp_path_factory.mktemp("out")
    return studies.written(studies.refused(findings), out, demonstration=False)


@pytest.fixture(scope="package")
def undecodable_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    """A candidate of which only the headers could be read."""
    findings = studies.lumbar_findings(tmp_path_factory.mktemp("undecodable"), 3)
    out = tmp_path_factory.mktemp("out")
    return studies.written(studies.undecodable(findings), out, demonstration=False)


@pytest.fixture(scope="package")
def followed_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    """A study with two earlier ones, of which one has grades and no age."""
    findings = studies.lumbar_findings(tmp_path_factory.mktemp("followed"), 5)
    out = tmp_path_factory.mktemp("out")
    return studies.written(studies.followed(findings), out, demonstration=False)


@pytest.fixture(scope="package")
def full_study(tmp_path_factory: pytest.TempPathFactory) -> SentStudy:
    """Objects of every kind that a destination may ask for."""
    findings = studies.lumbar_findings(tmp_path_factory.mktemp("full"), 4)
    full = studies.with_heat(findings)
    out = tmp_path_factory.mktemp("out")
    return studies.written(full, out, demonstration=False, kinds=frozenset(Kind))
