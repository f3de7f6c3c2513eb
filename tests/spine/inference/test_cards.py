import json
from pathlib import Path

import pytest

import spine.inference
from spine.anatomy.grades import Scale
from spine.errors import Code, ModelIntegrityError
from spine.inference.cards import Card, card_from_json
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec

CARD = {
    "schema_version": 1,
    "name": "age-dcnn",
    "version": "0.1.0",
    "files": {"weights.safetensors": "0" * 64},
    "input": {"kind": "age", "spacing_mm": [3.0, 3.6, 3.6], "shape": [14, 96, 198]},
    "data": {
        "description": "phantoms",
        "training_subjects": 300,
        "validation_subjects": 50,
        "test_subjects": 50,
    },
    "metrics": [{"name": "MAE", "value": 4.5, "unit": "years", "n": 50, "data": "synthetic"}],
    "evidence": "synthetic",
    "intended_use": "demonstration",
    "license": "Apache-2.0",
    "attribution": ["P1"],
}


def parse(**changes):
    return card_from_json(json.dumps({**CARD, **changes}).encode())


def test_input_becomes_a_frozen_spec():
    assert parse().input == AgeSpec(spacing_mm=(3.0, 3.6, 3.6), shape=(14, 96, 198))
    disc = parse(
        name="disc-bulging-progression",
        input={"kind": "disc", "scale": "bulging"},
        widths={"convolutions": [8, 8, 8, 8, 8], "linear": 16},
    )
    assert disc.input == DiscSpec(Scale.BULGING)
    assert disc.widths.linear == 16


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": 2},
        {"surprise": 1},
        {"name": "disc-bulging-progression"},
        {"version": "one"},
        {"files": {"weights.safetensors": "abc"}},
        {"files": {"../weights.safetensors": "0" * 64}},
        {"files": {"weights.pt": "0" * 64}},
        {"input": {"kind": "age", "surprise": 1}},
        {"input": {"kind": "age", "shape": [14, 96]}},
        {"widths": {"linear": 16}},
        {"evidence": "retrospective"},
        {"evidence": "proven"},
        {"metrics": [{**CARD["metrics"][0], "value": float("nan")}]},
        {"metrics": [CARD["metrics"][0], {**CARD["metrics"][0], "value": 5.0}]},
    ],
)
def test_card_that_breaks_the_schema_is_invalid(changes):
    with pytest.raises(ModelIntegrityError) as caught:
        parse(**changes)

    assert caught.value.code is Code.MODEL_INVALID


def test_retrospective_evidence_takes_twenty_real_patients():
    enough = {**CARD["data"], "real_patients": 20}

    assert parse(evidence="retrospective", data=enough).evidence == "retrospective"


def test_figure_is_found_by_name_and_unit():
    card = parse()

    assert card.figure("MAE", "years") == 4.5
    assert card.figure("MAE", "months") is None
    assert card.figure("R2", "years") is None


@pytest.mark.parametrize(("evidence", "value"), [("synthetic", 4.5), ("retrospective", 6.5)])
def test_figure_is_that_of_the_data_behind_the_evidence(evidence, value):
    metrics = [CARD["metrics"][0], {**CARD["metrics"][0], "value": 6.5, "data": "real"}]
    card = parse(evidence=evidence, metrics=metrics, data={**CARD["data"], "real_patients": 20})

    assert card.figure("MAE", "years") == value


def test_no_card_at_all_is_invalid():
    with pytest.raises(ModelIntegrityError):
        card_from_json(b"")


def test_published_schema_is_that_of_the_code():
    path = Path(spine.inference.__file__).with_name("card.schema.json")

    assert json.loads(path.read_text()) == Card.model_json_schema()
