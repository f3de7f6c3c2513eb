from datetime import date

import pytest

from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.degeneration.baseline import COLUMNS, read_baselines
from spine.dicom.study import PatientFacts
from spine.errors import Code, SpineError
from spine.findings import Baseline

STUDY = "1.2.3"
PATIENT = PatientFacts("42", "CLINIC", date(1960, 2, 1), "F", date(2020, 1, 1), 59.9, None)
ROW = {
    "patient_id": "42",
    "issuer": "CLINIC",
    "birth_date": "1960-02-01",
    "sex": "F",
    "study_instance_uid": STUDY,
    "level": "L4/L5",
    "scale": "pfirrmann",
    "grade": "4",
    "graded_on": "2020-01-03",
}
KEY = DiscLevel.L4_L5, Scale.PFIRRMANN


def read(tmp_path, *rows):
    path = tmp_path / "baseline.csv"
    lines = [",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_baselines(path, STUDY, PATIENT)


def test_matching_row_gives_the_grade_and_where_it_was_read(tmp_path):
    found = read(tmp_path, ROW, {**ROW, "level": "L5/S1", "grade": "2"})

    assert found == {
        KEY: Baseline(4, "baseline table, graded 2020-01-03"),
        (DiscLevel.L5_S1, Scale.PFIRRMANN): Baseline(2, "baseline table, graded 2020-01-03"),
    }


def test_row_of_another_study_is_not_used(tmp_path):
    assert read(tmp_path, {**ROW, "study_instance_uid": "1.2.4"}) == {}


@pytest.mark.parametrize(
    ("column", "value"),
    [("patient_id", "43"), ("issuer", ""), ("birth_date", "1960-02-02"), ("sex", "M")],
)
def test_one_patient_fact_that_differs_makes_the_row_invalid(tmp_path, column, value):
    assert read(tmp_path, {**ROW, column: value})[KEY].code is Code.BASELINE_INVALID


@pytest.mark.parametrize(
    ("scale", "grade"),
    [("pfirrmann", "0"), ("pfirrmann", "6"), ("bulging", "4"), ("schneiderman", "-1"),
     ("pfirrmann", "3.5"), ("pfirrmann", ""), ("pfirrmann", "IV")],
)  # fmt: skip
def test_grade_outside_its_scale_is_invalid(tmp_path, scale, grade):
    found = read(tmp_path, {**ROW, "scale": scale, "grade": grade})

    assert found[DiscLevel.L4_L5, Scale(scale)].code is Code.BASELINE_INVALID


def test_contradiction_is_invalid_and_repetition_is_not(tmp_path):
    assert read(tmp_path, ROW, ROW)[KEY] == Baseline(4, "baseline table, graded 2020-01-03")
    assert read(tmp_path, ROW, {**ROW, "grade": "3"}, ROW)[KEY].code is Code.BASELINE_INVALID


def test_unreadable_date_of_grading_is_invalid(tmp_path):
    assert read(tmp_path, {**ROW, "graded_on": "spring"})[KEY].code is Code.BASELINE_INVALID


def test_unknown_levels_and_scales_name_no_grade(tmp_path):
    assert read(tmp_path, {**ROW, "level": "L4-5"}, {**ROW, "scale": "modic"}) == {}


@pytest.mark.parametrize("content", [b"", b"patient_id,level\n1,L4/L5\n", b"\xff\xfe\x00"])
def test_table_that_is_none_is_a_settings_error(tmp_path, content):
    path = tmp_path / "baseline.csv"
    path.write_bytes(content)

    with pytest.raises(SpineError) as caught:
        read_baselines(path, STUDY, PATIENT)

    assert caught.value.code is Code.SETTINGS_INVALID


def test_missing_table_is_a_settings_error(tmp_path):
    with pytest.raises(SpineError):
        read_baselines(tmp_path / "absent.csv", STUDY, PATIENT)


def test_reasons_carry_no_patient_data(tmp_path):
    refusal = read(tmp_path, {**ROW, "patient_id": "SECRET"})[KEY]

    assert "SECRET" not in f"{refusal}"
    assert "42" not in refusal.reason
