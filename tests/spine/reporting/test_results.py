import dataclasses
import json
from importlib.resources import files

import jsonschema
import pytest

from spine.anatomy.grades import Scale
from spine.errors import Code, Refusal
from spine.findings import Findings
from spine.reporting import results
from spine.reporting.context import Outcome
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


@pytest.mark.parametrize("case", ["findings", "all_refused", "out_of_scope", "with_cautions"])
def test_every_kind_of_result_satisfies_the_schema(case, schema, references, run, request):
    content = content_of(request.getfixturevalue(case), references, run)
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
    assert first["baseline"] == {"grade": 2, "source": "baseline table"}
    assert first["probabilities"] == [0.04, 0.1, 0.2, 0.56, 0.1]
    assert content["segmentation"]["discs"][1] == {
        "level": "L1/L2",
        "center": pytest.approx(findings.segmentation.geometry.discs[1].frame.center),
        "height": {"value": 7.6, "unit": "mm"},
    }


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
