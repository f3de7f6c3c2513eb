import pytest

from app.readout import readout

QUANTITY = {"value": 61.24, "unit": "years"}
REFUSAL = {"code": "LEVEL_UNCERTAIN", "reason": "", "subject": "L5/S1"}
FORECAST = {
    "refusal": None,
    "scale": "pfirrmann",
    "probabilities": [0.1, 0.2, 0.7],
    "predicted_grade": 3,
}
RESULTS = {
    "notices": ["Research use only."],
    "study": {"cautions": [{"code": "TRUNCATED", "reason": "1 file"}]},
    "segmentation": {
        "refusal": None,
        "vertebra_count": 2,
        "vertebrae": [{"level": "L4"}, {"level": "L5"}],
        "cautions": [],
    },
    "age": {
        "refusal": None,
        "predicted_age": QUANTITY,
        "age_gap": {"value": -3.26, "unit": "years"},
    },
    "discs": [
        {"level": "L4/L5", "refusal": None, "forecasts": [FORECAST]},
        {"level": None, "refusal": REFUSAL, "forecasts": []},
    ],
    "models": [{"name": "age-dcnn", "version": "0.1.0", "evidence": "synthetic"}],
}


def test_every_result_refusal_and_caution_has_its_line() -> None:
    assert list(readout(RESULTS)) == [
        "Research use only.",
        "",
        "spine    2 vertebrae, L4 to L5",
        "age      61.2 years, gap -3.3 years, the model's error at this age is not known",
        "L4/L5    pfirrmann 3 in 5 years (P 0.70)",
        "L5/S1    not given: LEVEL_UNCERTAIN",
        "caution  TRUNCATED: 1 file",
        "model    age-dcnn 0.1.0 (synthetic)",
    ]


@pytest.mark.parametrize(
    ("position", "side"), [("within", "within"), ("above", "beyond"), ("below", "beyond")]
)
def test_gap_is_said_beside_the_models_error(position: str, side: str) -> None:
    interval = {
        "half_width": {"value": 8.41, "unit": "years"},
        "coverage": {"value": 90.0, "unit": "%"},
    }
    age = {**RESULTS["age"], "interval": interval, "position": position}
    assert (
        f"age      61.2 years, gap -3.3 years, {side} the model's error (±8.4 years for 90%)"
    ) in list(readout({**RESULTS, "age": age}))


def test_refusals_of_age_and_spine_are_said() -> None:
    refused = {**REFUSAL, "code": "SEGMENTATION_FAILED"}
    changed = {"segmentation": {"refusal": refused}, "age": {"refusal": refused}, "discs": []}
    lines = list(readout({**RESULTS, **changed}))
    assert "spine    not given: SEGMENTATION_FAILED" in lines
    assert "age      not given: SEGMENTATION_FAILED" in lines


def test_grade_now_is_said_with_its_source_and_a_caution_once() -> None:
    baseline = {"grade": 2, "source": "grading model disc-bulging-grade 0.1.0", "or_more": True}
    forecast = {**FORECAST, "baseline": baseline, "progression": "undetermined"}
    caution = {"code": "UNDER_18", "reason": "The patient is under 18."}
    disc = {"level": "L4/L5", "refusal": None, "forecasts": [forecast], "cautions": [caution]}
    lines = list(readout({**RESULTS, "discs": [disc, disc]}))
    assert (
        "L4/L5    pfirrmann 3 in 5 years (P 0.70), undetermined from 2+ now by "
        "grading model disc-bulging-grade 0.1.0"
    ) in lines
    assert lines.count("caution  UNDER_18: The patient is under 18.") == 1


def test_earlier_studies_and_what_was_left_out_have_their_lines() -> None:
    age = {"age_gap": {"value": 3.14, "unit": "years"}, "same_models": True}
    studies = [
        {"days_before": 2922, "age": {**age, "same_models": False}, "grades": []},
        {"days_before": 1461, "age": age, "grades": [{}, {}]},
        {"days_before": 730, "age": None, "grades": [{}]},
    ]
    cautions = [{"code": "PRIOR_LEFT_OUT", "reason": "1 report"}]
    lines = list(readout({**RESULTS, "course": {"studies": studies, "cautions": cautions}}))
    assert [line for line in lines if line.startswith("earlier")] == [
        "earlier  8.0 years before: gap +3.1 years by other models, not comparable; 0 grades read",
        "earlier  4.0 years before: gap +3.1 years by the same models; 2 grades read",
        "earlier  2.0 years before; 1 grades read",
    ]
    assert "caution  PRIOR_LEFT_OUT: 1 report" in lines
