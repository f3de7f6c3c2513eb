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
        "age      61.2 years, gap -3.3 years",
        "L4/L5    pfirrmann 3 in 5 years (P 0.70)",
        "L5/S1    not given: LEVEL_UNCERTAIN",
        "caution  TRUNCATED: 1 file",
        "model    age-dcnn 0.1.0 (synthetic)",
    ]


def test_refusals_of_age_and_spine_are_said() -> None:
    refused = {**REFUSAL, "code": "SEGMENTATION_FAILED"}
    changed = {"segmentation": {"refusal": refused}, "age": {"refusal": refused}, "discs": []}
    lines = list(readout({**RESULTS, **changed}))
    assert "spine    not given: SEGMENTATION_FAILED" in lines
    assert "age      not given: SEGMENTATION_FAILED" in lines
