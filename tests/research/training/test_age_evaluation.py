"""What is measured of a trained age network, on answers made up to know the result."""

import csv

import numpy as np
import pytest

from research.age_answers import COLUMNS
from research.training.age_evaluation import LEAST_PEOPLE, AgeParts, Answers, evaluate_age
from research.training.age_predictions import read_repeats
from spine.inference.cards import DETECTABLE_CHANGE

AGES = np.linspace(25.0, 84.0, 60)
EXACT = Answers(AGES, AGES)


def _repeats(people: int, apart_years: float) -> Answers:
    """Two scans of each on one day, of which the second always looks older."""
    ages = np.repeat(np.linspace(30.0, 80.0, people)[:, None], 2, axis=1)
    return Answers(ages, np.add(ages, (0.0, apart_years)))


def _change(repeats: Answers) -> list:
    metrics = evaluate_age(AgeParts(EXACT, EXACT, EXACT, repeats), "synthetic").metrics
    return [metric for metric in metrics if metric.name == DETECTABLE_CHANGE]


def test_detectable_change_is_that_of_the_standard_error_of_two_scans():
    (change,) = _change(_repeats(LEAST_PEOPLE, 2.0))
    # Two scans 2 years apart have a variance of 2: 1.96 x sqrt(2) x sqrt(2).
    assert change.value == pytest.approx(3.92, abs=0.005)
    assert (change.n, change.unit, change.data) == (LEAST_PEOPLE, "years", "synthetic")


def test_a_few_people_tell_no_change():
    assert _change(_repeats(LEAST_PEOPLE - 1, 2.0)) == []


@pytest.mark.parametrize("data", ["synthetic", "real"])
def test_every_figure_and_the_interval_state_what_they_are_of(data):
    found = evaluate_age(AgeParts(EXACT, EXACT, EXACT, _repeats(LEAST_PEOPLE, 2.0)), data)

    assert found.intervals.data == data
    assert len(found.metrics) == 11
    assert {metric.data for metric in found.metrics} == {data}


def _table(path, scans):
    """Write scans as (person, age, answer) of part repeats, and one of another part."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerow({"part": "test", "person_id": "a", "age_years": 1, "predicted_years": 1})
        for person, age, said in scans:
            row = {"person_id": person, "age_years": age, "predicted_years": said}
            writer.writerow({"part": "repeats", **row})
    return path


def test_scans_of_a_person_are_read_together_the_earlier_first(tmp_path):
    path = _table(tmp_path / "p.csv", [("b", 42, 41), ("a", 31, 35), ("b", 40, 44), ("a", 30, 33)])
    found = read_repeats(path, "repeats")
    assert found.ages.tolist() == [[30, 31], [40, 42]]
    assert found.said.tolist() == [[33, 35], [44, 41]]


def test_nobody_was_scanned_twice_in_most_cohorts(tmp_path):
    assert read_repeats(_table(tmp_path / "p.csv", []), "repeats").ages.shape == (0, 2)


@pytest.mark.parametrize("scans", [[("a", 30, 33)], [("a", 30, 33)] * 3, [("a", 30, 33)] * 4])
def test_a_person_without_exactly_two_scans_is_an_error(tmp_path, scans):
    with pytest.raises(ValueError, match="part repeats: not everybody has two scans"):
        read_repeats(_table(tmp_path / "p.csv", scans), "repeats")
