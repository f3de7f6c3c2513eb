import json
from pathlib import Path

import pytest

import spine.inference
from spine.anatomy.grades import Scale
from spine.errors import Code, ModelIntegrityError
from spine.inference.cards import Card, card_from_json
from spine.inference.features import FeatureLimit
from spine.inference.models import HeatLimits, ImageLimits
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.fine import FineSpec
from spine.preprocessing.segmentation import SegmentationSpec, WindowSpec

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


SEGMENTATION = {
    "kind": "segmentation",
    "coarse": {"spacing_mm": [3.0, 1.8, 1.8], "shape": [16, 192, 400]},
}


def test_a_segmentation_is_a_coarse_net_alone_or_with_a_fine_one():
    window = WindowSpec((3.0, 1.8, 1.8), (16, 192, 400))
    fine = {"pixel_mm": 0.8, "shape": [96, 160], "neighbor_mm": 2.5, "overlap": 16}

    alone = parse(name="spine-segmentation", input=SEGMENTATION)
    both = parse(name="spine-segmentation", input={**SEGMENTATION, "fine": fine})

    assert alone.input == SegmentationSpec(window)
    assert both.input == SegmentationSpec(window, FineSpec(0.8, (96, 160), 2.5, 16))


@pytest.mark.parametrize(
    "fine", [{"overlap": 64}, {"overlap": -1}, {"shape": [128, 256, 3]}, {"surprise": 1}]
)
def test_a_fine_net_that_cannot_be_tiled_is_invalid(fine):
    with pytest.raises(ModelIntegrityError) as caught:
        parse(name="spine-segmentation", input={**SEGMENTATION, "fine": fine})

    assert caught.value.code is Code.MODEL_INVALID


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
        {"heat_limits": {"outside_spine": 1.5, "above_c2": 0.1, "cases": 50}},
        {"heat_limits": {"outside_spine": 0.5, "above_c2": float("nan"), "cases": 50}},
        {"feature_limit": {"distance": float("nan"), "training_cases": 9, "validation_cases": 9}},
        {"feature_limit": {"distance": 0, "training_cases": 9, "validation_cases": 9}},
        {"image_limits": {"lowest_detail": 0, "highest_grain": 1.5, "cases": 9}},
        {"image_limits": {"lowest_detail": 0.1, "highest_grain": float("nan"), "cases": 9}},
        {"metrics": [CARD["metrics"][0], {**CARD["metrics"][0], "value": 5.0}]},
    ],
)
def test_card_that_breaks_the_schema_is_invalid(changes):
    with pytest.raises(ModelIntegrityError) as caught:
        parse(**changes)

    assert caught.value.code is Code.MODEL_INVALID


def test_limits_of_an_age_model_are_optional():
    heat = {"outside_spine": 0.5, "above_c2": 0.1, "cases": 50}
    features = {"distance": 12.5, "training_cases": 300, "validation_cases": 50}

    image = {"lowest_detail": 0.12, "highest_grain": 1.5, "cases": 50}

    card = parse(heat_limits=heat, feature_limit=features, image_limits=image)

    assert card.heat_limits == HeatLimits(0.5, 0.1, 50)
    assert card.feature_limit == FeatureLimit(12.5, 300, 50)
    assert card.image_limits == ImageLimits(0.12, 1.5, 50)
    assert (parse().heat_limits, parse().feature_limit, parse().image_limits) == (None, None, None)


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


BRACKET = {
    "first_years": 25,
    "last_years": 54,
    "cases": 120,
    "half_width_years": 8.5,
    "gap_percentiles_years": [value / 10 for value in range(-49, 50)],
}
BIAS = {"slope": 0.8, "intercept_years": 10.0, "cases": 50}
REAL_DATA = {**CARD["data"], "real_patients": 20}


def with_intervals(*brackets, **changes):
    intervals = {"coverage_percent": 90, "data": "synthetic", "brackets": brackets}
    return parse(**{"bias": BIAS, "intervals": intervals, **changes})


def test_intervals_are_read_and_older_cards_have_none():
    older = {**BRACKET, "first_years": 55, "last_years": 84, "half_width_years": 9.5}
    card = with_intervals(BRACKET, older)

    assert [bracket.half_width_years for bracket in card.intervals.brackets] == [8.5, 9.5]
    assert card.intervals.brackets[0].gap_percentiles_years[49] == 0.0
    assert parse(bias=BIAS).intervals is None


@pytest.mark.parametrize(
    "brackets",
    [
        [],
        [BRACKET, BRACKET],
        [{**BRACKET, "half_width_years": -1.0}],
        [{**BRACKET, "first_years": 55}],
        [{**BRACKET, "gap_percentiles_years": [0.0] * 98}],
        [{**BRACKET, "gap_percentiles_years": [1.0, *[0.0] * 98]}],
    ],
)
def test_intervals_that_cannot_be_right_are_invalid(brackets):
    with pytest.raises(ModelIntegrityError) as caught:
        with_intervals(*brackets)

    assert caught.value.code is Code.MODEL_INVALID


def test_intervals_need_the_bias_line_that_made_them():
    with pytest.raises(ModelIntegrityError, match="bias line"):
        with_intervals(BRACKET, bias=None)


def test_synthetic_intervals_are_none_of_a_model_for_patients():
    def real_card(data):
        intervals = {"coverage_percent": 90, "data": data, "brackets": [BRACKET]}
        return parse(bias=BIAS, intervals=intervals, evidence="retrospective", data=REAL_DATA)

    assert real_card("real").intervals.data == "real"
    with pytest.raises(ModelIntegrityError, match="real cases"):
        real_card("synthetic")


DISC = {
    "name": "disc-bulging-progression",
    "input": {"kind": "disc", "scale": "bulging"},
    "widths": {"convolutions": [8, 8, 8, 8, 8], "linear": 16},
}
GRADE = {**DISC, "name": "disc-bulging-grade", "classes": [[0], [1], [2, 3]]}


def test_grading_card_says_which_grades_each_answer_stands_for():
    assert parse(**GRADE).classes == ((0,), (1,), (2, 3))
    assert parse(**{**GRADE, "classes": [[0], [1], [2], [3]]}).classes == Scale.BULGING.classes


@pytest.mark.parametrize(
    "classes",
    [
        None,
        [],
        [[0, 1, 2, 3]],
        [[0], [1], [2]],
        [[0], [1], [1], [2, 3]],
        [[1], [0], [2, 3]],
        [[0, 1], [2, 3]],
        [[0], [], [1], [2, 3]],
        [[1], [2], [3], [4]],
    ],
)
def test_grading_card_of_other_classes_than_its_scale_is_invalid(classes):
    with pytest.raises(ModelIntegrityError) as caught:
        parse(**{**GRADE, "classes": classes})

    assert caught.value.code is Code.MODEL_INVALID


def test_classes_belong_to_grading_models_alone():
    with pytest.raises(ModelIntegrityError, match="grading models"):
        parse(**{**GRADE, "name": "disc-bulging-progression"})
    with pytest.raises(ModelIntegrityError, match="grading models"):
        parse(classes=[[0], [1], [2, 3]])


def test_temperature_is_one_unless_a_disc_card_states_another():
    assert parse(**DISC).temperature == 1.0
    assert parse(**DISC, temperature=1.7).temperature == 1.7
    with pytest.raises(ModelIntegrityError, match="temperature"):
        parse(temperature=1.7)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("inf"), float("nan")])
def test_temperature_that_is_no_positive_number_is_invalid(temperature):
    with pytest.raises(ModelIntegrityError):
        parse(**DISC, temperature=temperature)


def test_population_of_origin_is_the_data_where_a_card_states_none():
    stated = {**CARD["data"], "population": "Southern Chinese adults"}

    assert parse().data.origin == "phantoms"
    assert parse(data=stated).data.origin == "Southern Chinese adults"


def test_no_card_at_all_is_invalid():
    with pytest.raises(ModelIntegrityError):
        card_from_json(b"")


def test_published_schema_is_that_of_the_code():
    path = Path(spine.inference.__file__).with_name("card.schema.json")

    assert json.loads(path.read_text()) == Card.model_json_schema()
