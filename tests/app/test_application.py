"""The graph and the plain pipeline write the same bytes."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.analysis import settings_hash
from app.application import Analyzer
from app.approval import approvals
from app.settings import load_settings
from phantom.protocols import WHOLE_SPINE_T2
from phantom.studies import StudyPlan, write_phantom_study
from spine.errors import InputError, SpineError
from spine.findings import Evidence
from spine.inference.backends import Backend
from spine.inference.loading import load_models
from spine.pipeline import ScienceSettings, analyze
from spine.reporting.context import RunContext

ROOT = Path(__file__).parents[2]
TIME = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def analyzer():
    settings = load_settings(environ={})
    models = load_models(ROOT / "models", approvals(settings), Backend.OPENVINO)
    return Analyzer(models, ScienceSettings(minimum_evidence=Evidence.SYNTHETIC))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    plan = StudyPlan(protocols=(WHOLE_SPINE_T2,), pixel_spacing_mm=1.8, sub_slices=1)
    write_phantom_study(folder, 7, plan)
    return folder


@pytest.fixture
def run(tmp_path, analyzer):
    hashed = settings_hash(analyzer.settings)
    return RunContext(tmp_path / "graph", TIME, "0", hashed, demonstration=True)


def _digests(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.mark.slow
def test_graph_and_pipeline_write_the_same_bytes(analyzer, study, run, tmp_path):
    outcome = analyzer.run(study, run)
    analyze(study, analyzer.models, replace(run, output=tmp_path / "plain"), analyzer.settings)
    assert outcome.written
    graph = _digests(tmp_path / "graph")
    assert {"results.json"} < set(graph)
    assert graph == _digests(tmp_path / "plain")


@pytest.mark.slow
def test_an_error_in_an_operator_leaves_the_graph_with_its_code(analyzer, run, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpineError) as raised:
        analyzer.run(tmp_path / "empty", run)
    assert isinstance(raised.value, InputError)
    assert not run.output.exists()


@pytest.mark.slow
def test_signal_handlers_are_ours_again_after_a_run(analyzer, study, run):
    import signal

    before = signal.getsignal(signal.SIGTERM)
    analyzer.run(study, run)
    assert signal.getsignal(signal.SIGTERM) == before
