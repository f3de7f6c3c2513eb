from dataclasses import replace

from research.measurements import Data, Measurement
from research.validation.segmentation.page import page
from research.validation.segmentation.patients import PatientResult
from research.validation.segmentation.scores import CaseScore

DICE = {"vertebra": 0.95, "disc": 0.9, "canal": 0.94}
FAR = {"vertebra": 0.4, "disc": 0.3, "canal": 0.25}
SURE = CaseScore("spider-merged-41", DICE, FAR, 0, 8, True, False)
UNSURE = CaseScore("spider-merged-65", DICE, FAR, 2, 8, False, False, 1)


def test_a_missed_target_stands_out():
    rows = [
        Measurement("Dice", 0.9, "1", Data.REAL, 24, 0.905),
        Measurement("refused", 1.0, "cases", Data.REAL, 24, 1, "lower"),
        Measurement("not measured", None, "mm", Data.REAL, 0, 0.5, "lower"),
        Measurement("informative", 12.5, "CPU-s", Data.SYNTHETIC, 1),
    ]
    lines = page(rows, []).splitlines()[2:]
    assert lines == [
        "| Dice | 0.9 | real | 24 | ≥ 0.905 | **no** |",
        "| refused | 1 cases | real | 24 | ≤ 1 | yes |",
        "| not measured | – | real | 0 | ≤ 0.5 | **no** |",
        "| informative | 12.5 CPU-s | synthetic | 1 |  |  |",
    ]


def test_each_patient_is_a_line_under_as_many_headings():
    lines = page([], [PatientResult(SURE, UNSURE), PatientResult(UNSURE, SURE)]).splitlines()
    *_, heading, rule, first, second = lines
    assert heading.count("|") == rule.count("|") == first.count("|") == second.count("|")
    assert first.startswith("| 41 | 0.950 | 0.900 | 0.940 | 0.40 | 0.30 | 0.25 | 8 of 8 | yes |")
    assert first.endswith("|  | uncertain |")
    assert second.endswith("| 6 of 8 | no | 1 discs | certain |")


def test_the_bound_of_all_right_is_the_count_it_would_rarely_come_from():
    text = page([], [PatientResult(SURE, UNSURE)] * 24)
    # 0.05 ** (1 / 24) = 0.883
    assert "in 24 of 24 patients; lower bound 88% (95%, exact, one-sided)" in text


def test_one_wrong_level_makes_a_patient_wrong():
    assert "in 1 of 2 patients" in page(
        [], [PatientResult(SURE, UNSURE), PatientResult(UNSURE, UNSURE)]
    )


def test_a_refused_study_has_no_level_right():
    refused = PatientResult(replace(SURE, refused=True), UNSURE)
    assert "in 1 of 2 patients" in page([], [PatientResult(SURE, UNSURE), refused])
