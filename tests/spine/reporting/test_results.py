import dataclasses
import json
from importlib.resources import files

import jsonschema
import pytest

from spine.anatomy.geometry import BodyShape, DiscShape, Listhesis
from spine.anatomy.grades import Scale
from spine.errors import Code, Refusal
from spine.findings import Findings, Quality
from spine.reporting import results
from spine.reporting.context import Outcome
from spine.reporting.kinds import Kind
from spine.reporting.results import StoredObject


@pytest.fixture(scope="module")
def schema() -> dict:
    return json.loads((files("spine.reporting") / "results.schema.json").read_text())


def content_of(findings, references, run) -> dict:
    item = StoredObject("structured report", "dicom/1-structured-report.dcm", "1.2", "1.3", b"x")
    made = results.results(findings, references, run, Outcome((), None), [item])
    return json.loads(results.encode(made))


def test_schema_is_itself_valid(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "case",
    [
        "findings",
        "all_refused",
        "out_of_scope",
        "with_cautions",
        "with_heat",
        "with_interval",
        "with_gradings",
        "with_course",
    ],
)
def test_every_kind_of_result_satisfies_the_schema(case, schema, references, run, request):
    content = content_of(request.getfixturevalue(case), references, run)
    jsonschema.validate(content, schema, jsonschema.Draft202012Validator)


def test_objects_of_every_kind_satisfy_the_schema(schema, written):
    folder = written("with_everything", kinds=frozenset(Kind)).folder
    content = json.loads((folder / "results.json").read_text())
    assert len(content["objects"]) == 15
    jsonschema.validate(content, schema, jsonschema.Draft202012Validator)


def test_schema_refuses_a_missing_and_an_unknown_element(schema, findings, references, run):
    content = content_of(findings, references, run)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "extra": 1}, schema)
    del content["age"]["evidence"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_numbers_have_units_models_and_sources(findings, references, run):
    content = content_of(findings, references, run)
    assert content["age"]["age_gap"] == {"value": pytest.approx(6.5), "unit": "years"}
    assert content["age"]["model"] == "age-dcnn"
    first = content["discs"][0]["forecasts"][0]
    assert first["scale"] == Scale.PFIRRMANN
    assert first["baseline"] == {
        "grade": 2,
        "or_more": False,
        "kind": "baseline table",
        "source": "baseline table",
        "grading": None,
    }
    assert first["temperature"] == {"value": 1.0, "unit": "1"}
    assert first["horizon"] == {"value": 5.0, "unit": "years"}
    assert first["probabilities"] == [0.04, 0.1, 0.2, 0.56, 0.1]
    disc = content["segmentation"]["discs"][1]
    assert disc["level"] == "L1/L2"
    assert disc["center"] == pytest.approx(findings.segmentation.geometry.discs[1].frame.center)
    assert disc["height"] == {"value": 7.6, "unit": "mm"}


def test_interval_stands_beside_the_age_with_what_it_rests_on(with_interval, references, run):
    age = content_of(with_interval, references, run)["age"]
    assert age["position"] == "within"
    assert age["interval"] == {
        "lower": {"value": pytest.approx(46.4), "unit": "years"},
        "upper": {"value": pytest.approx(63.2), "unit": "years"},
        "half_width": {"value": 8.4, "unit": "years"},
        "coverage": {"value": 90.0, "unit": "%"},
        "bracket": {"first": 45, "last": 54, "unit": "years"},
        "cases": 212,
        "data": "real",
        "gap_percentile": {"value": 88.0, "unit": "%"},
    }


def test_a_position_is_never_said_without_its_interval(
    findings, with_interval, references, run, schema
):
    age = content_of(findings, references, run)["age"]
    assert not {"interval", "position"} & set(age)
    content = content_of(with_interval, references, run)
    del content["age"]["interval"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_every_measure_has_its_unit_and_what_is_unknown_has_no_value(findings, references, run):
    spine = findings.segmentation.geometry
    disc = dataclasses.replace(
        spine.discs[1],
        shape=DiscShape(9.0, 8.0, 7.0, 36.0),
        height_index=0.25,
        listhesis=Listhesis(-3.0, -9.0),
        sac_diameter_mm=13.0,
    )
    body = dataclasses.replace(spine.vertebrae[1], shape=BodyShape(24.0, 23.0, 25.0, 2.5))
    measured = dataclasses.replace(
        spine,
        vertebrae=(spine.vertebrae[0], body, *spine.vertebrae[2:]),
        discs=(spine.discs[0], disc, *spine.discs[2:]),
    )
    segmentation = dataclasses.replace(findings.segmentation, geometry=measured)
    content = content_of(dataclasses.replace(findings, segmentation=segmentation), references, run)
    unknown, known = content["segmentation"]["discs"][:2]
    assert known["posterior_height"] == {"value": 7.0, "unit": "mm"}
    assert known["height_index"] == {"value": 0.25, "unit": "1"}
    assert known["slip"] == {"value": -3.0, "unit": "mm"}
    assert known["slip_share"] == {"value": -9.0, "unit": "%"}
    assert known["sac_diameter"] == {"value": 13.0, "unit": "mm"}
    assert unknown["slip"] == {"value": None, "unit": "mm"}
    vertebra = content["segmentation"]["vertebrae"][1]
    assert vertebra["wedge_ratio"] == {"value": 0.96, "unit": "1"}
    assert vertebra["wedge_angle"] == {"value": 2.5, "unit": "degrees"}
    assert content["segmentation"]["curvatures"][3] == {
        "name": "lumbar lordosis L1-S1",
        "angle": {"value": None, "unit": "degrees"},
    }


def test_what_quality_withholds_stands_in_it(findings, references, run, schema):
    refusal = Refusal(Code.SIZE_IMPLAUSIBLE, "The disc is too high.", "L4/L5")
    quality = Quality(6, levels_certain=True, refusals=(refusal,), disagreement=0.08)
    segmentation = dataclasses.replace(findings.segmentation, quality=quality)
    content = content_of(dataclasses.replace(findings, segmentation=segmentation), references, run)
    jsonschema.validate(content, schema)
    assert content["segmentation"]["refusals"][0]["subject"] == "L4/L5"
    assert content["segmentation"]["disagreement"] == {"value": 0.08, "unit": "1"}


def test_refusals_and_cautions_keep_code_and_reason(findings, with_cautions, references, run):
    content = content_of(findings, references, run)
    assert content["discs"][2]["level"] == "L3/L4"
    assert content["discs"][2]["refusal"]["code"] == "DISC_OUT_OF_FIELD"
    assert content["discs"][3]["forecasts"][2]["refusal"]["subject"] == "L4/L5 schneiderman"
    doubtful = content_of(with_cautions, references, run)
    assert [item["code"] for item in doubtful["segmentation"]["cautions"]] == [
        "LEVEL_GAP",
        "MASK_TOUCHES_BORDER",
    ]


def test_heat_is_written_in_shares_with_their_limits_and_no_map(with_heat, references, run):
    age = content_of(with_heat, references, run)["age"]
    assert age["heat"] == {
        "older_evidence": True,
        "younger_evidence": False,
        "share_older": {"value": 1.0, "unit": "1"},
        "cell_anterior": {"value": 28.8, "unit": "mm"},
        "cell_superior": {"value": 28.8, "unit": "mm"},
        "share_outside_spine": {
            "value": {"value": 0.42, "unit": "1"},
            "limit": {"value": 0.3, "unit": "1"},
        },
        "share_above_c2": {
            "value": {"value": None, "unit": "1"},
            "limit": {"value": 0.1, "unit": "1"},
        },
        "cautions": [{"code": "HEAT_OUTSIDE_SPINE", "reason": "It looked off the spine."}],
    }
    assert age["feature_distance"] == {
        "value": {"value": 9.5, "unit": "1"},
        "limit": {"value": 14.0, "unit": "1"},
    }


def test_heat_and_distance_that_are_not_known_are_null(findings, references, run):
    age = content_of(findings, references, run)["age"]
    nothing = {"value": None, "unit": "1"}
    assert age["heat"] is None
    assert age["feature_distance"] == {"value": nothing, "limit": nothing}


def test_schema_refuses_a_share_above_one(schema, with_heat, references, run):
    content = content_of(with_heat, references, run)
    content["age"]["heat"]["share_outside_spine"]["value"]["value"] = 1.01
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_results_of_an_earlier_version_without_heat_still_satisfy_the_schema(
    schema, findings, references, run
):
    content = content_of(findings, references, run)
    del content["age"]["heat"], content["age"]["feature_distance"]
    jsonschema.validate(content, schema)


def test_source_of_a_grade_is_named_with_what_a_model_said(with_gradings, references, run):
    content = content_of(with_gradings, references, run)
    table, report, model = (item["baseline"] for item in content["discs"][1]["forecasts"])
    assert [item["kind"] for item in (table, report, model)] == [
        "baseline table",
        "earlier report",
        "grading model",
    ]
    assert report["source"] == "earlier report, study of 2024-12-01"
    assert (model["grade"], model["or_more"]) == (2, True)
    assert model["grading"] == {
        "classes": [[0], [1], [2, 3]],
        "probabilities": [0.05, 0.05, 0.9],
        "model": "disc-bulging-grade",
    }
    assert table["grading"] is None


def test_undetermined_states_say_why_and_what_contradicts(with_gradings, references, run):
    content = content_of(with_gradings, references, run)
    progressed, contradicting, unknown = content["discs"][0]["forecasts"]
    assert progressed["undetermined"] is None
    assert contradicting["progression"] == "undetermined"
    assert contradicting["undetermined"].endswith("contradict each other")
    assert contradicting["progression_by_grade"] == "unchanged"
    assert contradicting["progression_probability"] == {"value": 0.55, "unit": "1"}
    assert unknown["undetermined"] == "baseline grade known only as a grade or more"
    assert unknown["progression_probability"] == {"value": None, "unit": "1"}


def test_limits_population_and_cautions_of_discs_stand_in_it(
    with_gradings, all_refused, references, run
):
    content = content_of(with_gradings, references, run)
    assert "surgery" in content["limits"][0]
    assert (
        content["limits"][1]
        == "Population of origin: Adults of a made-up town; Patients of a clinic."
    )
    assert content["models"][2]["population"] == "Adults of a made-up town."
    assert content["models"][0]["population"] is None
    assert [caution["code"] for caution in content["discs"][0]["cautions"]] == ["UNDER_18"]
    assert content_of(all_refused, references, run)["limits"] == []


def test_results_of_an_earlier_version_without_sources_still_satisfy_the_schema(
    schema, findings, references, run
):
    content = content_of(findings, references, run)
    del content["limits"], content["segmentation"]["coronal_curve"]
    for model in content["models"]:
        del model["population"]
    for disc in content["discs"]:
        del disc["cautions"]
        for item in disc["forecasts"]:
            if item["refusal"] is None:
                for key in ("temperature", "progression_by_grade", "undetermined"):
                    del item[key]
                if item["baseline"]:
                    item["baseline"] = {key: item["baseline"][key] for key in ("grade", "source")}
    jsonschema.validate(content, schema)


def test_selection_reasons_are_kept(findings, references, run):
    decision = content_of(findings, references, run)["selection"]["decisions"][0]
    assert (decision["taken"], decision["score"]) == (True, 7.5)
    assert decision["reasons"] == ["sagittal T2"]


def test_no_name_and_no_identifier_of_the_patient_stands_in_it(findings, references, run):
    text = json.dumps(content_of(findings, references, run))
    assert "Phantom" not in text
    assert "PHANTOM-1" not in text
    assert "Ward 3" not in text
    assert "1970" not in text


def test_what_could_not_be_measured_has_no_value(findings: Findings, references, run):
    geometry = dataclasses.replace(findings.segmentation.geometry, mean_width_mm=float("nan"))
    segmentation = dataclasses.replace(findings.segmentation, geometry=geometry)
    content = content_of(dataclasses.replace(findings, segmentation=segmentation), references, run)
    assert content["segmentation"]["mean_width"] == {"value": None, "unit": "mm"}


def test_a_refusal_about_all_discs_has_no_level(findings, references, run):
    refusal = Refusal(Code.LEVEL_UNCERTAIN, "No anchor was found.", "discs")
    content = content_of(dataclasses.replace(findings, discs=(refusal,)), references, run)
    assert content["discs"][0]["level"] is None
    assert content["discs"][0]["refusal"]["subject"] == "discs"
