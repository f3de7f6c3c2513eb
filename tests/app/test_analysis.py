"""Runs that replace earlier ones, on the real chain with untrained models."""

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import dcmread

from app.analysis import Analysis, load_analysis
from app.application import Analyzer
from app.service.graph import graph_loader
from app.service.jobs import Job
from app.service.recalls import RECALL_FILE
from app.service.records import State
from app.settings import Settings, load_settings
from phantom.protocols import LUMBAR_T2, coarser
from phantom.studies import StudyPlan, write_phantom_study
from spine.errors import Code, SpineError
from spine.reporting.context import RunContext
from tests.app.conftest import Installed

pytestmark = pytest.mark.slow

TIME = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(installed: Installed) -> Settings:
    return load_settings(installed.site, environ={})


@pytest.fixture(scope="module")
def analysis(settings: Settings) -> Analysis:
    return load_analysis(settings)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    plan = StudyPlan(55.0, "F", protocols=(coarser(LUMBAR_T2, 4.0),), sub_slices=1)
    written = write_phantom_study(tmp_path_factory.mktemp("study"), 3, plan).written
    return [path for series in written.paths for path in series]


@pytest.fixture(scope="module")
def first(analysis: Analysis, study: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a study of which one slice is still to come."""
    folder = tmp_path_factory.mktemp("first")
    outcome = analysis.run(_folder(folder / "in", study[:-1]), folder, TIME)
    assert outcome.written
    return folder


def _folder(folder: Path, files: list[Path]) -> Path:
    folder.mkdir()
    for path in files:
        shutil.copy(path, folder)
    return folder


def _other_series(study: list[Path], folder: Path) -> Path:
    """Write a T1-weighted instance of the same study, which nothing selects."""
    other = dcmread(study[0])
    other.SeriesInstanceUID += ".9"
    other.SOPInstanceUID += ".9"
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID
    other.SeriesDescription, other.EchoTime, other.RepetitionTime = "T1 TSE SAG", 10, 500
    other.save_as(folder / "other.dcm")
    return folder / "other.dcm"


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "dicom").iterdir()
    }


def test_late_instance_of_another_series_writes_nothing(
    analysis: Analysis,
    study: list[Path],
    first: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = _folder(tmp_path / "in", study[:-1])
    _other_series(study, folder)
    # Nor is the graph run, which takes minutes where choosing the series takes seconds.
    monkeypatch.setattr(Analyzer, "run", None)
    outcome = analysis.run(folder, tmp_path / "out", TIME + timedelta(hours=1), "1.2.3.2", first)
    assert (outcome.written, outcome.code) == ((), Code.NOTHING_NEW)
    assert not (tmp_path / "out").exists()


def test_result_that_was_withdrawn_does_not_stand_for_a_new_one(
    analysis: Analysis,
    study: list[Path],
    first: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    withdrawn = tmp_path / "first"
    shutil.copytree(first, withdrawn)
    (withdrawn / RECALL_FILE).write_text("{}")
    folder = _folder(tmp_path / "in", study[:-1])
    seen: list[RunContext] = []
    monkeypatch.setattr(Analyzer, "run", lambda _self, _in, context, _priors: seen.append(context))
    analysis.run(folder, tmp_path / "out", TIME, "1.2.3.2", withdrawn)
    # It is analyzed, and says which report it replaces.
    assert [context.revision for context in seen] == [2]


def test_late_instance_of_the_selected_series_gives_a_report_that_replaces_the_first(
    analysis: Analysis, study: list[Path], first: Path, tmp_path: Path
) -> None:
    folder = _folder(tmp_path / "in", study)
    later = TIME + timedelta(hours=1)
    for name in ("second", "again"):
        outcome = analysis.run(folder, tmp_path / name, later, "1.2.3.2", first)
        assert outcome.written
    assert _hashes(tmp_path / "second") == _hashes(tmp_path / "again")
    report = dcmread(next((tmp_path / "second" / "dicom").glob("*structured-report*")))
    earlier = dcmread(next((first / "dicom").glob("*structured-report*")))
    reference = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    uid = reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    assert uid == earlier.SOPInstanceUID != report.SOPInstanceUID
    results = json.loads((tmp_path / "second" / "results.json").read_text())
    assert results["run"]["revision"] == 2
    assert len(results["selection"]["instances"]) == len(study)


def test_worker_holds_the_models_of_every_profile(
    installed: Installed, study: list[Path], tmp_path: Path
) -> None:
    shutil.copytree(installed.folder, tmp_path / "trial")
    shutil.rmtree(tmp_path / "trial" / "age-dcnn")
    site = tmp_path / "site.yaml"
    site.write_text(
        installed.site.read_text()
        + "listener: {ae_titles: [SPINEMAP, TRIAL]}\n"
        + f"profiles: {{trial: {{ae_titles: [TRIAL], models: {{folder: {tmp_path / 'trial'}}}}}}}\n"
    )
    analyze = graph_loader(load_settings(site, environ={}))()
    source = _folder(tmp_path / "in", study)
    codes = {}
    for profile in ("default", "trial"):
        output = tmp_path / f"out-{profile}"
        output.mkdir()
        job = Job("1.2.3.1", str(source), None, str(output), profile, TIME.isoformat())
        assert analyze(job).state is State.WRITTEN
        results = json.loads((output / "results.json").read_text())
        codes[profile] = "age-dcnn" in {model["name"] for model in results["models"]}
    assert codes == {"default": True, "trial": False}
    gone = Job("1.2.3.1", str(source), None, str(tmp_path), "gone", TIME.isoformat())
    with pytest.raises(SpineError) as caught:
        analyze(gone)
    assert caught.value.code is Code.SETTINGS_INVALID


def test_worker_reads_the_priors_it_is_given_and_names_them(
    settings: Settings, study: list[Path], first: Path, tmp_path: Path
) -> None:
    report = dcmread(next((first / "dicom").glob("*structured-report*")))
    for folder, headers in (("in", map(dcmread, study)), ("priors", [report])):
        (tmp_path / folder).mkdir()
        for number, header in enumerate(headers):
            # Without an issuer nobody can tell whether two studies are of one patient.
            header.IssuerOfPatientID = "CLINIC"
            header.save_as(tmp_path / folder / f"{number}.dcm")
    (tmp_path / "out").mkdir()
    paths = (str(tmp_path / name) for name in ("in", "priors", "out"))
    assert graph_loader(settings)()(Job("1.2.3.1", *paths, "default", TIME.isoformat()))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["study"]["priors"] == [report.SOPInstanceUID]
    assert results["study"]["cautions"] == []
