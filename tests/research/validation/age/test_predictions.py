import pytest

from research.validation.age.predictions import (
    COLUMNS,
    Prediction,
    PredictionsError,
    cases_of,
    read_predictions,
    write_predictions,
)
from research.worlds.age import Part

GOOD = "test,s1,s1,F,50.25,S1,A,48.5"


HEADER = ",".join(COLUMNS)


def table(folder, *lines, header=HEADER):
    path = folder / "predictions.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8-sig")
    return path


def fault(folder, *lines):
    with pytest.raises(PredictionsError) as caught:
        read_predictions(table(folder, *lines))
    return str(caught.value)


def test_a_table_is_read_as_it_was_written(tmp_path):
    rows = (
        Prediction(Part.TEST, "s1", "s1", "F", 50.123456789, "S1", "A", 47.987654321),
        Prediction(Part.REPEATS, "s2-1", "s2", "M", 40.0, "P2", "B", 41.0),
        Prediction(Part.REPEATS, "s2-2", "s2", "M", 41.5, "S3", "C", 43.0),
    )

    write_predictions(tmp_path / "p.csv", rows)

    assert read_predictions(tmp_path / "p.csv") == rows
    assert [case.case for case in cases_of(rows, Part.REPEATS)] == ["s2-1", "s2-2"]
    assert cases_of(rows, Part.TEST)[0].predicted_years == 47.987654321


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tests,s2,s2,F,50,S1,A,48", "'part' is none of"),
        ("test,,s2,F,50,S1,A,48", "is empty"),
        ("test,s2,,F,50,S1,A,48", "is empty"),
        ("test,s2,s2,W,50,S1,A,48", "'sex' is none of M, F"),
        ("test,s2,s2,F,-3,S1,A,48", "'age_years' is no age"),
        ("test,s2,s2,F,500,S1,A,48", "'age_years' is no age"),
        ("test,s2,s2,F,nan,S1,A,48", "'age_years' is no age"),
        ("test,s2,s2,F,old,S1,A,48", "'age_years' is no age"),
        ("test,s2,s2,F,50,S1,A,nan", "no finite number: weights or input"),
        ("test,s2,s2,F,50,S1,A,inf", "no finite number"),
        ("test,s2,s2,F,50,S1,A,", "no finite number"),
        ("test,s2,s2,F,50", "no finite number"),
        ("test,s1,s1,F,50,S1,A,48", "the series of line 2 again"),
        ("bias,s2,s1,F,50,S1,A,48", "the person of line 2 is in part test there and in bias"),
    ],
)
def test_every_fault_names_its_line(tmp_path, line, words):
    told = fault(tmp_path, GOOD, line)

    assert "line 3" in told
    assert words in told


def test_all_faults_are_told_at_once_up_to_twenty(tmp_path):
    told = fault(tmp_path, *(f"test,s{n},s{n},F,200,S1,A,48" for n in range(30)))

    assert told.count("\n") == 20
    assert "line 2:" in told and "line 21:" in told and "and 10 more" in told


def test_a_column_that_lacks_an_empty_table_and_no_file_are_told(tmp_path):
    with pytest.raises(PredictionsError, match="line 1: lacks sex, scanner"):
        read_predictions(
            table(tmp_path, header="part,subject_id,person_id,age_years,clinic,predicted_years")
        )
    with pytest.raises(PredictionsError, match="has no rows"):
        read_predictions(table(tmp_path))
    with pytest.raises(PredictionsError, match="no such file"):
        read_predictions(tmp_path / "none.csv")


def test_two_scans_of_a_person_in_one_part_are_no_fault(tmp_path):
    lines = ("repeats,s1-1,s1,F,50,S1,A,48", "repeats,s1-2,s1,F,51,S1,A,49")

    assert len(read_predictions(table(tmp_path, *lines))) == 2
