"""The card of an age model, from a run's files written by hand: no network is asked."""

import csv
import json
from dataclasses import asdict

import pytest

from research.age_answers import COLUMNS
from research.export import Origin
from research.training.age_export import export_age
from spine.findings import Evidence
from spine.inference.cards import card_from_json
from tests.research.training.age_world import SPEC

PARTS = {"bias": 12, "calibration": 12, "test": 24}


@pytest.fixture
def run(tmp_path):
    """Of its test part everybody was scanned twice."""
    facts = {"subjects": 6, "spacing_mm": 8.0, "input": asdict(SPEC), "start": None}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    (tmp_path / "weights.safetensors").write_bytes(b"weights")
    with (tmp_path / "predictions.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for part, count in PARTS.items():
            for number in range(count):
                person = f"{part}-{number // 2 if part == 'test' else number}"
                row = {"part": part, "subject_id": f"{part}-{number}", "person_id": person}
                years = 30.0 + 2 * number
                writer.writerow({**row, "age_years": years, "predicted_years": years + 1})
    return tmp_path


def card(run, origin):
    export_age(run, run / "models", "1.0.0", origin)
    return card_from_json((run / "models" / "age-dcnn" / "card.json").read_bytes())


def test_a_card_of_patients_says_so_in_everything_that_reaches_the_report(run):
    found = card(run, Origin("real", "adults of one hospital without known disease"))

    assert {metric.data for metric in found.metrics} == {found.intervals.data} == {"real"}
    assert found.data.origin == "adults of one hospital without known disease"
    assert (found.data.test_subjects, found.data.real_patients) == (24, 12)
    told = found.data.description + found.intended_use + "".join(found.attribution)
    assert "ynthetic" not in told
    assert "hantom" not in told
    # A card cannot raise itself.
    assert found.evidence is Evidence.SYNTHETIC


def test_a_card_of_phantoms_says_so(run):
    found = card(run, Origin("synthetic"))

    assert {metric.data for metric in found.metrics} == {found.intervals.data} == {"synthetic"}
    assert found.data.origin.startswith("Synthetic whole-spine sagittal T2 phantoms")
    assert found.data.real_patients == 0


def test_answers_of_one_person_in_two_parts_are_no_figures(run):
    path = run / "predictions.csv"
    path.write_text(path.read_text().replace("test-0,test-0", "test-0,bias-3"))

    with pytest.raises(ValueError, match="a person is in the parts bias and test"):
        card(run, Origin("synthetic"))


def test_patients_without_a_population_are_refused():
    with pytest.raises(ValueError, match="must state its population"):
        Origin("real", " ")
