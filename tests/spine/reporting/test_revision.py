import dataclasses
import json
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

from spine.reporting.disc_page import draw_disc_page
from spine.reporting.identity import Identity, ObjectKind
from spine.reporting.revision import Predecessor, read_predecessor, selected_instances
from spine.reporting.summary_picture import draw_summary
from spine.reporting.writing import WritingSettings, write

pytestmark = pytest.mark.slow


@pytest.fixture
def first(written) -> Path:
    return written("findings").folder


@pytest.fixture
def second(findings, references, run, first):
    """The same findings again, said to replace the first."""
    later = dataclasses.replace(run, predecessor=read_predecessor(first))
    outcome = write(findings, references, later, WritingSettings())
    return {path.stem.split("-", 1)[1]: path for path in outcome.written}, later


def test_written_result_can_be_replaced(findings, first, written) -> None:
    found = read_predecessor(first)
    report = dcmread(written("findings").objects["structured-report"])
    assert found is not None
    assert found.report is not None
    assert found.revision == 1
    assert found.instances == selected_instances(findings.selection)
    assert len(found.instances) == len(findings.selection.series.instances)
    assert found.report.sop_instance_uid == report.SOPInstanceUID
    assert found.report.series_instance_uid == report.SeriesInstanceUID


def test_result_that_was_removed_replaces_nothing(tmp_path) -> None:
    assert read_predecessor(tmp_path) is None


def test_result_from_before_revisions_replaces_nothing(tmp_path) -> None:
    content = {"run": {}, "objects": [], "selection": {"series_instance_uid": "1.2"}}
    (tmp_path / "results.json").write_text(json.dumps(content))
    assert read_predecessor(tmp_path) is None


def test_report_names_the_report_that_it_replaces(second, written) -> None:
    objects, _run = second
    report = dcmread(objects["structured-report"])
    (study,) = report.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (document,) = series.ReferencedSOPSequence
    earlier = dcmread(written("findings").objects["structured-report"])
    assert study.StudyInstanceUID == earlier.StudyInstanceUID
    assert series.SeriesInstanceUID == earlier.SeriesInstanceUID
    assert document.ReferencedSOPClassUID == earlier.SOPClassUID
    assert document.ReferencedSOPInstanceUID == earlier.SOPInstanceUID
    assert "PredecessorDocumentsSequence" not in earlier


def test_report_and_capture_say_which_revision_they_are(second, written) -> None:
    objects, _run = second
    assert b"Revision 2: " in objects["structured-report"].read_bytes()
    assert "Revision 2: " in dcmread(objects["secondary-capture"]).ImageComments
    earlier = dcmread(written("findings").objects["secondary-capture"])
    assert "evision" not in earlier.ImageComments
    assert dcmread(objects["secondary-capture"]).PixelData != earlier.PixelData


def test_series_of_a_revision_says_so_in_a_list_of_series(second, written) -> None:
    objects, _run = second
    for kind, path in objects.items():
        described = dcmread(path, stop_before_pixels=True).SeriesDescription
        assert ", rev. 2 – Research use only" in described
        earlier = dcmread(written("findings").objects[kind], stop_before_pixels=True)
        assert "rev." not in earlier.SeriesDescription


def test_every_page_says_what_it_replaces(with_gradings, references, run, drawn_words) -> None:
    later = dataclasses.replace(run, predecessor=Predecessor(2, (), None))
    for draw in (draw_summary, draw_disc_page):
        drawn_words.clear()
        draw(with_gradings, references, later)
        assert "revision 3, replaces revision 2" in drawn_words.sentences()
        drawn_words.clear()
        draw(with_gradings, references, run)
        assert "revision" not in drawn_words.sentences()


def test_results_say_which_revision_they_are(second, first) -> None:
    _objects, run = second
    results = json.loads((run.output / "results.json").read_text())
    earlier = read_predecessor(first)
    assert earlier is not None
    assert earlier.report is not None
    assert results["run"]["revision"] == 2
    assert results["run"]["replaces"] == earlier.report.sop_instance_uid
    assert json.loads((first / "results.json").read_text())["run"]["revision"] == 1
    assert read_predecessor(run.output).revision == 2


def test_revision_has_identifiers_of_its_own(findings, references, run) -> None:
    def uid(run) -> str:
        return Identity(findings, references, run).instance_uid(ObjectKind.SEGMENTATION, "x", 1)

    second = dataclasses.replace(run, predecessor=Predecessor(1, (), None))
    third = dataclasses.replace(run, predecessor=Predecessor(2, (), None))
    assert len({uid(run), uid(second), uid(third)}) == 3


def test_validator_accepts_a_revised_report(second) -> None:
    objects, _run = second
    for kind in ("structured-report", "secondary-capture"):
        done = subprocess.run(
            ["dciodvfy", "-new", str(objects[kind])], capture_output=True, text=True, check=False
        )
        assert "Error" not in done.stderr
        assert "PredecessorDocumentsSequence" not in done.stderr
