from dataclasses import replace

import pytest

from research.measurements import Data
from research.validation.segmentation import patients, phantoms
from research.validation.segmentation.figures import Targets, cases_with, outlines
from research.validation.segmentation.patients import PatientResult
from research.validation.segmentation.scores import CaseScore


def score(name, disc, wrong=0, *, certain=True, refused=False, distance=0.4):
    return CaseScore(name, {"disc": disc}, {"disc": distance}, wrong, 5, certain, refused)


def figures(rows):
    return {row.name: (row.value, row.met) for row in rows}


def test_mean_and_worst_have_targets_of_their_own():
    targets = Targets(mean={"disc": 0.7}, worst={"disc": 0.65}, distance_mm=0.5)
    rows = outlines([score("a", 0.8), score("b", 0.6)], "g", Data.REAL, targets)
    found = figures(rows)
    assert found["g: Dice disc, mean"] == (pytest.approx(0.7), True)
    assert found["g: Dice disc, worst"] == (0.6, False)
    assert found["g: surface distance disc, mean"] == (pytest.approx(0.4), True)


def test_a_mask_that_is_not_there_makes_the_distance_miss():
    rows = outlines([score("a", 0, distance=float("inf"))], "g", Data.REAL, Targets(distance_mm=1))
    assert figures(rows)["g: surface distance disc, mean"] == (None, False)


def test_no_cases_are_a_row_without_a_value():
    (row,) = outlines([], "g", Data.REAL, Targets())
    assert row.value is None


@pytest.mark.parametrize(("view", "least"), [("whole", 200), ("truncated", 200)])
def test_figures_of_too_few_cases_are_told_as_such(view, least):
    def enough(cases):
        scores = [score(f"{number}_{view}", 0.96) for number in range(cases)]
        (row,) = (r for r in phantoms.rows(view, scores) if r.name.endswith(": cases"))
        return row.met

    assert enough(least)
    assert not enough(least - 1)


@pytest.mark.parametrize(("unwanted", "met"), [(0, True), (1, True), (2, False)])
def test_a_share_of_the_cases_may_be_unwanted(unwanted, met):
    row = cases_with("n", [number < unwanted for number in range(200)], Data.SYNTHETIC, 0.005)
    assert row.met is met


def test_a_wrong_level_counts_as_silent_only_where_the_names_claim_to_be_certain():
    not_found = score("3_whole", 0.8, 1)
    scores = [
        replace(score("1_whole", 0.8, 2), misnamed_levels=2),
        replace(score("2_whole", 0.6, 5, certain=False), misnamed_levels=5),
        not_found,
    ]
    found = figures(phantoms.rows("whole", scores))
    assert found["phantoms, whole spine: a level wrong"] == (3, False)
    assert found["phantoms, whole spine: a level wrong though certain"] == (1, False)
    assert found["phantoms, whole spine: levels uncertain, an anchor in view"] == (1, False)


def test_levels_may_be_uncertain_where_no_anchor_is_in_view():
    unsure = score("1_truncated", 0.8, certain=False)
    found = figures(phantoms.rows("truncated", [unsure, replace(unsure, anchored=False)]))
    (name,) = (name for name in found if "uncertain" in name)
    assert found[name] == (1, False)
    found = figures(phantoms.rows("truncated", [replace(unsure, anchored=False)]))
    assert found[name] == (0, True)


def test_truncated_patients_must_be_uncertain():
    sure = PatientResult(score("a", 0.95), score("a", 0.95))
    unsure = PatientResult(score("b", 0.95), score("b", 0.95, certain=False))
    found = figures(patients.rows([sure, unsure]))
    assert found[f"{patients.GROUP}, sacrum cut off: levels certain"] == (1, False)
    assert found[f"{patients.GROUP}: levels uncertain"] == (0, True)
