import json
import subprocess

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from spine.errors import Refusal
from spine.findings import AgeEstimate

pytestmark = pytest.mark.slow

COMMENT = "121106"
CASES = [
    "findings",
    "all_refused",
    "levels_uncertain",
    "out_of_scope",
    "with_cautions",
    "with_interval",
    "with_gradings",
    "with_course",
]


def groups_of(report: Dataset) -> list[Dataset]:
    container = next(
        item
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements"
    )
    return list(container.ContentSequence)


def items(group: Dataset, value_type: str) -> list[Dataset]:
    return [item for item in group.ContentSequence if item.ValueType == value_type]


def name_of(item: Dataset) -> str:
    return item.ConceptNameCodeSequence[0].CodeValue


def text(group: Dataset, code: str) -> str:
    return next(item.TextValue for item in items(group, "TEXT") if name_of(item) == code)


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
    today = [name for name in subjects if name != "study" and not name.startswith("earlier")]
    assert today == wanted
    assert ("study" in subjects) == (case in {"out_of_scope", "with_cautions", "with_gradings"})


def test_refused_results_say_code_and_reason_beside_a_measured_number(written):
    groups = groups_of(dcmread(written("all_refused").objects["structured-report"]))
    for group in groups:
        assert "not given: MODEL_NOT_VALIDATED" in text(group, COMMENT)
        assert "retrospective is required" in text(group, COMMENT)
    assert numbers(groups[0]) == {"VERTEBRA_COUNT": 6.0}
    assert [numbers(group) for group in groups[1:]] == [
        {"DISC_HEIGHT": pytest.approx(7.5 + n / 10)} for n in range(1, 6)
    ]


def test_a_disc_whose_name_is_uncertain_has_no_code_height_or_place_under_it(written):
    groups = groups_of(dcmread(written("levels_uncertain").objects["structured-report"]))[1:]

    assert len(groups) == 5
    for group in groups:
        (site,) = [item for item in items(group, "CODE") if name_of(item) == "363698007"]
        assert site.ConceptCodeSequence[0].CodeMeaning == "Lumbar spine"
        assert numbers(group) == {"VERTEBRA_COUNT": 6.0}
        assert "not given: LEVEL_UNCERTAIN" in text(group, COMMENT)


def test_where_nothing_was_measured_the_frames_received_are_counted(written):
    groups = groups_of(dcmread(written("out_of_scope").objects["structured-report"]))
    assert [numbers(group) for group in groups] == [{"121140": 9.0}] * 2
    assert "analysis not given: UNDECODABLE" in text(groups[0], COMMENT)


def test_doubts_are_said(written):
    groups = groups_of(dcmread(written("with_cautions").objects["structured-report"]))
    assert "LEVEL_GAP" in text(groups[0], COMMENT)
    assert "MASK_TOUCHES_BORDER" in text(groups[0], COMMENT)


def test_interval_and_percentile_are_texts_and_part_of_the_comment(written):
    group = groups_of(dcmread(written("with_interval").objects["structured-report"]))[0]
    expected = "46.4 to 63.2 years: as expected within the model's error"
    assert text(group, "SPINE_AGE_EXPECT") == expected
    assert text(group, "SPINE_AGE_PERC") == "88% of these 212 have this gap or a lower one."
    comment = text(group, COMMENT)
    assert "as expected within the model's error" in comment
    assert "90% of people of 45–54 years without known disease" in comment


def test_without_interval_the_comment_says_that_none_is_known(report):
    group = groups_of(report)[0]
    names = [item.ConceptNameCodeSequence[0].CodeValue for item in items(group, "TEXT")]
    assert "SPINE_AGE_EXPECT" not in names
    assert "no interval is known" in text(group, COMMENT)


def coded(group: Dataset) -> dict[str, str]:
    return {
        item.ConceptNameCodeSequence[0].CodeValue: item.ConceptCodeSequence[0].CodeValue
        for item in items(group, "CODE")
    }


def texts(group: Dataset, code: str) -> list[str]:
    return [
        item.TextValue
        for item in items(group, "TEXT")
        if item.ConceptNameCodeSequence[0].CodeValue == code
    ]


def test_source_of_each_grade_is_coded_and_named(written):
    group = groups_of(dcmread(written("with_gradings").objects["structured-report"]))[2]
    answers = coded(group)
    assert (answers["PFIRRMANN_0"], answers["PFIRR_0_SOURCE"]) == ("PFIRR_3", "BASELINE_TABLE")
    assert (answers["SCHNEIDERMAN_0"], answers["SCHN_0_SOURCE"]) == ("SCHN_2", "BASELINE_PRIOR")
    assert (answers["BULGING_0"], answers["BULG_0_SOURCE"]) == ("BULG_2_MORE", "BASELINE_MODEL")
    assert texts(group, "BASELINE_SOURCE") == [
        "Pfirrmann: baseline table",
        "Schneiderman: earlier report, study of 2024-12-01",
        "Bulging: grading model disc-bulging-grade 0.2.0, 90% certain",
    ]
    assert "Bulging by grading model disc-bulging-grade 0.2.0, 90% certain" in text(group, COMMENT)
    parameters = [t for t in texts(group, "111002") if "disc-bulging-grade" in t]
    assert parameters == ["disc-bulging-grade 0.2.0"]


def test_undetermined_state_shows_both_sides_and_highest_grade_no_probability(written):
    group = groups_of(dcmread(written("with_gradings").objects["structured-report"]))[2]
    assert coded(group)["SCHN_PROGRESS"] == coded(group)["BULG_PROGRESS"] == "UNDETERMINED"
    assert texts(group, "UNDETERMINED_WHY") == [
        "Schneiderman: undetermined: most probable grade same, yet worse: 55%",
        "Bulging: undetermined: 2 or more now",
    ]
    assert numbers(group)["SCHN_RISK"] == 55.0
    assert "BULG_RISK" not in numbers(group)


def test_probability_of_every_grade_is_said(written):
    group = groups_of(dcmread(written("with_gradings").objects["structured-report"]))[2]
    assert texts(group, "PROBABILITIES") == [
        "Pfirrmann: grade 1: 4%, grade 2: 10%, grade 3: 20%, grade 4: 56%, grade 5: 10%",
        "Schneiderman: grade 0: 10%, grade 1: 20%, grade 2: 60%, grade 3: 10%",
        "Bulging: grade 0: 10%, grade 1: 20%, grade 2: 60%, grade 3: 10%",
    ]


def test_limits_and_population_stand_beside_every_disc_that_is_forecast(written):
    groups = groups_of(dcmread(written("with_gradings").objects["structured-report"]))
    limits = [texts(group, "LIMITS") for group in groups]
    assert limits[:2] + limits[4:] == [[]] * 3
    for (said,) in limits[2:4]:
        assert "after spine surgery, with a spinal tumor or marked deformity" in said
        assert "Population of origin: Adults of a made-up town; Patients of a clinic." in said
    assert "UNDER_18" in text(groups[0], COMMENT)


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


def read_by_dcmqi(path, programs, folder) -> list[dict]:
    command = programs / "tid1500reader"
    if not command.exists():
        pytest.skip("needs dcmqi")
    target = folder / "report.json"
    subprocess.run(
        [command, "--inputDICOM", path, "--outputMetadata", target],
        check=True,
        capture_output=True,
        timeout=60,
    )
    measurements: list[dict] = json.loads(target.read_text())["Measurements"]
    return measurements


def evaluations(group: dict) -> dict[str, str]:
    return {
        item["conceptCode"]["CodeValue"]: item["conceptValue"]["CodeMeaning"]
        for item in group["qualitativeEvaluations"]
        if isinstance(item["conceptValue"], dict)
    }


def test_dcmqi_reads_who_gave_each_grade(written, interpreter_programs, tmp_path):
    path = written("with_gradings").objects["structured-report"]
    disc = next(
        group
        for group in read_by_dcmqi(path, interpreter_programs, tmp_path)
        if group["FindingSite"]["CodeMeaning"] == "L4/L5 disc"
    )
    said = evaluations(disc)
    assert said["PFIRR_0_SOURCE"] == "Read by a person, baseline table of the site"
    assert said["SCHN_0_SOURCE"] == "Read by a person, from an earlier report"
    assert said["BULG_0_SOURCE"] == "Predicted by a grading model"
    assert said["BULGING_0"] == "Bulging 2 or more"
    assert said["BULG_PROGRESS"] == said["SCHN_PROGRESS"] == "Undetermined"
    assert values(disc)["SCHN_RISK"] == (55.0, "%")
    assert "BULG_RISK" not in values(disc)


def test_dcmqi_reads_the_same_values(written, findings, interpreter_programs, tmp_path):
    path = written("findings").objects["structured-report"]
    read = read_by_dcmqi(path, interpreter_programs, tmp_path)
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
    grades = evaluations(read[1])
    assert grades["PFIRRMANN_0"] == grades["PFIRRMANN_5"] == "2: inhomogeneous, bright"
    assert grades["SCHN_PROGRESS"] == "Progressed"
    assert grades["SCHN_0_SOURCE"] == "Read by a person, baseline table of the site"


def values(group: dict) -> dict[str, tuple[float, str]]:
    return {
        item["quantity"]["CodeValue"]: (float(item["value"]), item["units"]["CodeValue"])
        for item in group["measurementItems"]
    }
