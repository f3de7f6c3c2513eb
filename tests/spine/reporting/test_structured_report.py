import json
import subprocess

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from spine.errors import Refusal
from spine.findings import AgeEstimate

COMMENT = "121106"
CASES = ["findings", "all_refused", "out_of_scope", "with_cautions"]


def groups_of(report: Dataset) -> list[Dataset]:
    container = next(
        item
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements"
    )
    return list(container.ContentSequence)


def items(group: Dataset, value_type: str) -> list[Dataset]:
    return [item for item in group.ContentSequence if item.ValueType == value_type]


def text(group: Dataset, code: str) -> str:
    return next(
        item.TextValue
        for item in items(group, "TEXT")
        if item.ConceptNameCodeSequence[0].CodeValue == code
    )


def numbers(group: Dataset) -> dict[str, float]:
    return {
        item.ConceptNameCodeSequence[0].CodeValue: float(item.MeasuredValueSequence[0].NumericValue)
        for item in items(group, "NUM")
    }


@pytest.fixture
def report(written):
    return dcmread(written("findings").objects["structured-report"])


def test_flags_say_that_nobody_has_verified_it(report):
    assert report.CompletionFlag == "COMPLETE"
    assert report.PreliminaryFlag == "PRELIMINARY"
    assert report.VerificationFlag == "UNVERIFIED"
    assert report.ConceptNameCodeSequence[0].CodeValue == "126000"


@pytest.mark.parametrize("case", CASES)
def test_every_group_has_the_shape_that_ohif_shows(case, written):
    for group in groups_of(dcmread(written(case).objects["structured-report"])):
        first, *others = items(group, "NUM")
        scoord = next(item for item in first.ContentSequence if item.ValueType == "SCOORD")
        assert scoord.GraphicType == "POINT"
        assert scoord.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        # A number with children other than the point is hidden.
        assert len(first.ContentSequence) == 1
        assert not any("ContentSequence" in item for item in others)
        assert 1 <= len(others) + 1 <= 4
        assert text(group, "112039").startswith("Cornerstone3DTools@^0.1.0:ArrowAnnotate:")
        assert text(group, COMMENT).startswith("RESEARCH: ")


def test_comments_of_a_lowered_evidence_begin_with_demo(written):
    made = written("findings", demonstration=True).objects
    for group in groups_of(dcmread(made["structured-report"])):
        assert text(group, COMMENT).startswith("DEMO – NOT FOR PATIENTS: ")


@pytest.mark.parametrize("case", CASES)
def test_there_is_a_group_for_every_result_and_refusal(case, written, request):
    findings = request.getfixturevalue(case)
    groups = groups_of(dcmread(written(case).objects["structured-report"]))
    subjects = [text(group, "112039").rsplit(":", 1)[1] for group in groups]
    wanted = ["age"] + [
        disc.subject if isinstance(disc, Refusal) else str(disc.level) for disc in findings.discs
    ]
    assert [name for name in subjects if name != "study"] == wanted
    assert ("study" in subjects) == (case in {"out_of_scope", "with_cautions"})


def test_refused_results_say_code_and_reason_beside_a_measured_number(written):
    groups = groups_of(dcmread(written("all_refused").objects["structured-report"]))
    for group in groups:
        assert "not given: MODEL_NOT_VALIDATED" in text(group, COMMENT)
        assert "retrospective is required" in text(group, COMMENT)
    assert numbers(groups[0]) == {"VERTEBRA_COUNT": 6.0}
    assert [numbers(group) for group in groups[1:]] == [
        {"DISC_HEIGHT": pytest.approx(7.5 + n / 10)} for n in range(1, 6)
    ]


def test_where_nothing_was_measured_the_frames_received_are_counted(written):
    groups = groups_of(dcmread(written("out_of_scope").objects["structured-report"]))
    assert [numbers(group) for group in groups] == [{"121140": 9.0}] * 2
    assert "analysis not given: UNDECODABLE" in text(groups[0], COMMENT)


def test_doubts_are_said(written):
    groups = groups_of(dcmread(written("with_cautions").objects["structured-report"]))
    assert "LEVEL_GAP" in text(groups[0], COMMENT)
    assert "MASK_TOUCHES_BORDER" in text(groups[0], COMMENT)


def test_points_lie_on_their_discs(report, findings):
    frames = {frame.sop_instance_uid: frame for frame in findings.selection.frames}
    geometry = findings.segmentation.geometry
    for group, disc in zip(groups_of(report)[1:], geometry.discs[1:], strict=True):
        scoord = items(group, "NUM")[0].ContentSequence[0]
        image = scoord.ContentSequence[0].ReferencedSOPSequence[0]
        frame = frames[image.ReferencedSOPInstanceUID]
        column, row = (value - 0.5 for value in scoord.GraphicData)
        world = frame.affine @ [column, row, 0, 1]
        assert np.allclose(world[:3], disc.frame.center, atol=0.1)


def test_margin_points_stay_clear_of_the_spine(written):
    group = groups_of(dcmread(written("out_of_scope").objects["structured-report"]))
    rows = [items(one, "NUM")[0].ContentSequence[0].GraphicData[1] for one in group]
    assert rows == sorted(rows)
    assert len(set(rows)) == len(rows)


def test_every_source_image_is_listed(report, findings):
    uids = {item.sop_instance_uid for item in findings.selection.series.instances}
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert {item.ReferencedSOPInstanceUID for item in evidence.ReferencedSOPSequence} == uids
    library = next(
        item
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Image Library"
    )
    images = items(library.ContentSequence[0], "IMAGE")
    listed = {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in images}
    assert listed == uids


def test_no_code_value_is_longer_than_viewers_read(report):
    codes = [element for element in report.iterall() if element.keyword == "CodeValue"]
    assert codes
    assert max(len(element.value) for element in codes) <= 16
    assert "LongCodeValue" not in {element.keyword for element in report.iterall()}


@pytest.mark.slow
def test_dcmqi_reads_the_same_values(written, findings, interpreter_programs, tmp_path):
    command = interpreter_programs / "tid1500reader"
    if not command.exists():
        pytest.skip("needs dcmqi")
    target = tmp_path / "report.json"
    path = written("findings").objects["structured-report"]
    subprocess.run(
        [command, "--inputDICOM", path, "--outputMetadata", target],
        check=True,
        capture_output=True,
        timeout=60,
    )
    read = json.loads(target.read_text())["Measurements"]
    age = findings.age
    assert isinstance(age, AgeEstimate)
    assert values(read[0]) == {
        "SPINE_AGE": (age.predicted_age_years, "a"),
        "SPINE_AGE_GAP": (pytest.approx(age.age_gap_years), "a"),
        "121033": (age.chronological_age_years, "a"),
        "SPINE_AGE_RAW": (age.uncorrected_age_years, "a"),
    }
    assert read[0]["measurementAlgorithmIdentification"]["AlgorithmName"] == "age-dcnn"
    first = values(read[1])
    assert first["DISC_HEIGHT"] == (7.6, "mm")
    assert first["PFIRR_RISK"] == (66.0, "%")
    assert [group["FindingSite"]["CodeMeaning"] for group in read[1:]] == [
        "L1/L2 disc",
        "L2/L3 disc",
        "L3/L4 disc",
        "L4/L5 disc",
        "L5/S1 disc",
    ]
    grades = {
        item["conceptCode"]["CodeValue"]: item["conceptValue"]["CodeMeaning"]
        for item in read[1]["qualitativeEvaluations"]
        if isinstance(item["conceptValue"], dict)
    }
    assert grades["PFIRRMANN_0"] == grades["PFIRRMANN_5"] == "2: inhomogeneous, bright"
    assert grades["SCHN_PROGRESS"] == "Progressed"


def values(group: dict) -> dict[str, tuple[float, str]]:
    return {
        item["quantity"]["CodeValue"]: (float(item["value"]), item["units"]["CodeValue"])
        for item in group["measurementItems"]
    }
