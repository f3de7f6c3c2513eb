import dataclasses
import hashlib
import json

import pytest
from pydicom import dcmread

from spine.errors import Code, Refusal
from spine.findings import Findings
from spine.reporting.kinds import DEFAULT_KINDS, Kind, kind_of
from spine.reporting.writing import RunContext, WritingSettings, write

pytestmark = pytest.mark.slow

SETTINGS = WritingSettings()


def written_files(folder) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    "case", ["findings", "all_refused", "out_of_scope", "with_heat", "with_gradings"]
)
def test_two_runs_give_equal_bytes(case, written, references, run, request):
    write(request.getfixturevalue(case), references, run, SETTINGS)
    assert written_files(run.output) == written_files(written(case).folder)


def test_two_runs_give_equal_bytes_of_every_kind(written, with_everything, references, run):
    every = frozenset(Kind)
    write(with_everything, references, run, WritingSettings(objects=every))
    found = written_files(run.output)
    assert len(found) == 15 + 3 + 1
    assert found == written_files(written("with_everything", kinds=every).folder)


def test_no_warning_quotes_the_patient(build_world, references, run, tmp_path, recwarn, caplog):
    # One component, which highdicom doubts in words that repeat it.
    world = build_world(tmp_path / "in", "Phantomsurname", ("ISO_IR 100",))
    recwarn.clear()
    assert write(world.findings, references, run, SETTINGS).written
    said = [*(str(warning.message) for warning in recwarn), *caplog.messages]
    assert not [words for words in said if "Phantomsurname" in words]


def test_layout_is_that_of_the_service(written):
    folder, outcome = written("findings").folder, written("findings").outcome
    assert set(written_files(folder)) == {
        "results.json",
        "pictures/summary.png",
        "dicom/1-segmentation-vertebrae.dcm",
        "dicom/2-segmentation-discs.dcm",
        "dicom/3-segmentation-canal-and-cord.dcm",
        "dicom/4-segmentation-ribs.dcm",
        "dicom/5-secondary-capture.dcm",
        "dicom/6-structured-report.dcm",
    }
    assert outcome.code is None
    # In the order of sending: what a report may refer to comes before it.
    assert [path.name for path in outcome.written] == sorted(
        path.name for path in (folder / "dicom").iterdir()
    )


def test_where_the_network_looked_is_a_second_picture_and_no_object(written):
    plain, heat = written("findings"), written("with_heat")
    new = set(written_files(heat.folder)) - set(written_files(plain.folder))
    assert new == {"pictures/heat.png"}
    assert set(heat.objects) == set(plain.objects)


def test_what_the_disc_networks_saw_is_a_picture_and_no_object(written):
    plain, seen = written("findings"), written("with_gradings")
    new = set(written_files(seen.folder)) - set(written_files(plain.folder))
    assert new == {"pictures/discs.png"}
    assert set(seen.objects) == set(plain.objects)


@pytest.mark.parametrize("kinds", [DEFAULT_KINDS, frozenset(Kind)])
def test_results_json_names_every_object_with_its_hash(kinds, written):
    made = written("with_everything", kinds=kinds)
    folder, outcome = made.folder, made.outcome
    objects = json.loads((folder / "results.json").read_text())["objects"]
    assert [folder / item["file"] for item in objects] == list(outcome.written)
    for item, path in zip(objects, outcome.written, strict=True):
        assert item["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("code", [Code.NO_CANDIDATE, Code.TOO_FEW_VERTEBRAE])
def test_nothing_is_sent_about_what_is_no_spine(code, findings: Findings, references, run):
    refusal = Refusal(code, "Nothing to analyze.", "study")
    if code is Code.NO_CANDIDATE:
        selection = dataclasses.replace(
            findings.selection, series=None, frames=(), volume=None, refusal=refusal
        )
        silent = Findings(selection, refusal, refusal, ())
    else:
        silent = dataclasses.replace(findings, segmentation=refusal, age=refusal, discs=())
    outcome = write(silent, references, run, SETTINGS)
    assert (outcome.written, outcome.code) == ((), code)
    assert set(written_files(run.output)) == {"results.json"}
    content = json.loads((run.output / "results.json").read_text())
    assert content["run"]["nothing_to_send"] == code


def test_out_of_scope_is_said_by_report_and_page(written):
    assert [path.name for path in written("out_of_scope").outcome.written] == [
        "1-secondary-capture.dcm",
        "2-structured-report.dcm",
    ]


def test_objects_can_be_left_out(findings, references, run):
    settings = WritingSettings(objects=frozenset({Kind.REPORT}))
    outcome = write(findings, references, run, settings)
    assert [path.name for path in outcome.written] == ["1-structured-report.dcm"]


def test_every_kind_is_written_where_it_is_wanted_reports_last(written):
    made = written("with_everything", kinds=frozenset(Kind)).outcome.written
    assert [path.name for path in made] == [
        "1-segmentation-vertebrae.dcm",
        "2-segmentation-discs.dcm",
        "3-segmentation-canal-and-cord.dcm",
        "4-segmentation-ribs.dcm",
        "5-label-map.dcm",
        "6-secondary-capture.dcm",
        "7-key-picture-1.dcm",
        "8-key-picture-2.dcm",
        "9-key-picture-3.dcm",
        "10-key-picture-4.dcm",
        "11-key-picture-5.dcm",
        "12-heat-map-older.dcm",
        "13-document.dcm",
        "14-structured-report.dcm",
        "15-text-report.dcm",
    ]


def test_every_object_is_of_the_kind_that_was_asked_for(written):
    made = written("with_everything", kinds=frozenset(Kind)).objects
    of_name = {
        "segmentation": Kind.SEGMENTATION,
        "label-map": Kind.LABEL_MAP,
        "secondary-capture": Kind.PICTURE,
        "key-picture": Kind.KEY_PICTURES,
        "heat-map": Kind.HEAT_MAP,
        "document": Kind.DOCUMENT,
        "structured-report": Kind.REPORT,
        "text-report": Kind.TEXT_REPORT,
    }
    for name, path in made.items():
        (wanted,) = (kind for start, kind in of_name.items() if name.startswith(start))
        assert kind_of(dcmread(path).SOPClassUID, path.name) is wanted
    assert set(of_name.values()) == set(Kind)


def test_where_nothing_is_segmented_only_pages_and_reports_are_written(written):
    made = written("out_of_scope", kinds=frozenset(Kind)).outcome.written
    assert [path.name for path in made] == [
        "1-secondary-capture.dcm",
        "2-document.dcm",
        "3-structured-report.dcm",
        "4-text-report.dcm",
    ]


def test_nothing_unfinished_is_left_behind(written):
    assert not list(written("findings").folder.rglob(".*"))


def test_a_moment_without_time_zone_is_refused(run):
    naive = run.analysis_time.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        RunContext(run.output, naive, "0.1.0", "d" * 64, demonstration=False)
