"""Writing a trained age network as a model, with what it was measured to do."""

import json
from dataclasses import asdict
from pathlib import Path

from research.age_answers import PREDICTIONS_FILE
from research.export import Origin, data_of, summary, write_model
from research.training.age import RUN_FILE
from research.training.age_evaluation import AgeParts, evaluate_age
from research.training.age_predictions import (
    count_people,
    read_answers,
    read_repeats,
    require_apart,
)
from spine.inference.models import AGE_NAME
from spine.inference.weights import WEIGHTS_FILE

_IMAGES = {
    "synthetic": "Synthetic whole-spine sagittal T2 phantoms of 25 to 84 years from several "
    "virtual scanners, true labels",
    "real": "Whole-spine sagittal T2 images of patients, labels of the cohort",
}
_SEEN = "seen at an in-plane spacing of {spacing:g} mm, P1's being 0.9 mm."
_FITTING, _CALIBRATION, _TEST, _REPEATS = "bias", "calibration", "test", "repeats"


def export_age(run: Path, models: Path, version: str, origin: Origin) -> str:
    """Write the model's folder from a run's weights and predictions; return a summary in one line.

    The bias line comes from the part ``bias``, the intervals from ``calibration``, the
    figures from ``test``, the detectable change from ``repeats`` where there are some;
    validation steered the training and is used for none. The evidence is the lowest
    whatever the network learned from: a card cannot raise itself.
    """
    facts = json.loads((run / RUN_FILE).read_text())
    predictions = run / PREDICTIONS_FILE
    require_apart(predictions)
    parts = AgeParts(
        read_answers(predictions, _FITTING),
        read_answers(predictions, _CALIBRATION),
        read_answers(predictions, _TEST),
        read_repeats(predictions, _REPEATS),
    )
    result = evaluate_age(parts, origin.data)
    counts = facts["subjects"], len(parts.fitting.ages), len(parts.test.ages)
    patients = count_people(predictions, _TEST) if origin.data == "real" else 0
    seen = _SEEN.format(spacing=facts["spacing_mm"])
    data = data_of(f"{_IMAGES[origin.data]}; {seen}", *counts, patients)
    card_sha256 = write_model(
        models,
        {WEIGHTS_FILE: (run / WEIGHTS_FILE).read_bytes()},
        name=AGE_NAME,
        version=version,
        input=facts["input"],
        bias=asdict(result.bias),
        intervals=result.intervals and asdict(result.intervals),
        data=data.model_copy(update={"population": origin.population}),
        metrics=result.metrics,
        **origin.facts(begun_with_another=facts["start"] is not None),
    )
    return summary(AGE_NAME, card_sha256, result.metrics)
