import numpy as np
import pytest

from research.estimators.discs.faults import PredictionsError
from research.estimators.discs.predictions import read_predictions, require_both_in_each_fold
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort, write

HEADING = (
    "patient_id,level,scale,fold,sex,age_years,bmi,institution,baseline,followup,"
    "p0,p1,p2,p3,q0,q1,q2,q3"
)
ROW = "{who},{level},bulging,{fold},F,{age},22.5,A,{before},{after},0.7,0.2,0.1,0,0.7,0.2,0.1,0"


def row(who="a", level="L4/L5", fold=0, age=50, before=0, after=1):
    return ROW.format(who=who, level=level, fold=fold, age=age, before=before, after=after)


def read(tmp_path, *rows, heading=HEADING):
    path = tmp_path / "predictions-bulging.csv"
    path.write_text("\n".join([heading, *rows]) + "\n")
    return read_predictions(path, Scale.BULGING)


def test_a_written_table_reads_as_it_was(tmp_path):
    planted = cohort(Scale.PFIRRMANN, patients=4)

    found = read_predictions(write(planted, tmp_path / "p.csv"), Scale.PFIRRMANN)

    assert len(found) == 20
    for name in ("patient", "level", "fold", "sex", "institution", "baseline", "followup"):
        assert np.array_equal(getattr(found, name), getattr(planted, name))
    assert found.bmi == pytest.approx(planted.bmi)
    assert found.probabilities == pytest.approx(planted.probabilities)


def test_what_a_site_may_not_know_reads_as_not_given(tmp_path):
    found = read(tmp_path, row().replace("F,50,22.5,A", ",50,,"))

    assert (found.sex[0], found.institution[0]) == ("not given", "not given")
    assert np.isnan(found.bmi[0])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (row("b", "L5/S1", before=4), "baseline outside the bulging scale: rows 3"),
        (row("b", "L5/S1", after=-1), "followup outside the bulging scale: rows 3"),
        (row("b", "L5/S1", before=0.5), "baseline is not a whole number: rows 3"),
        (row("b", "T12/L1"), "level is not that of a lumbar disc: rows 3"),
        (row("b").replace("0.7,0.2,0.1,0,", "0.7,0.2,0.2,0,"), "p0 to p3 do not sum to 1: rows 3"),
        (row("b").replace("0.7,0.2,0.1,0,", "1.1,0,0,-0.1,"), "below 0 or above 1: rows 3"),
        (row("b").replace("bulging", "pfirrmann"), "of another scale than bulging: rows 3"),
        (row(), "discs twice: rows 2, 3"),
        (row(level="L5/S1", fold=1), "a patient in two folds: rows 2, 3"),
        (row(level="L5/S1", age=51), "a patient with two values of age_years: rows 2, 3"),
        (row("b", age=""), "age_years is not a number: rows 3"),
        (row(""), "patient_id is empty: rows 3"),
    ],
)
def test_bad_rows_are_named_and_their_patients_are_not(tmp_path, wrong, told):
    with pytest.raises(PredictionsError, match=told) as raised:
        read(tmp_path, row(), wrong)
    assert "b," not in str(raised.value)


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(PredictionsError, match="columns are missing: fold, p0"):
        read(tmp_path, row(), heading=HEADING.replace("fold", "part").replace("p0", "r0"))


def test_a_class_empty_in_a_fold_is_told_with_its_rows(tmp_path):
    rows = [row("a"), row("b", after=0), row("c", fold=1, after=0), row("d", fold=1, after=0)]
    found = read(tmp_path, *rows)

    with pytest.raises(PredictionsError, match="no disc progressed in fold 1: rows 4, 5"):
        require_both_in_each_fold(found, tmp_path / "p.csv")


def test_a_grade_known_to_one_fold_alone_is_told(tmp_path):
    rows = [row("a"), row("b", after=0), row("c", fold=1), row("d", fold=1, after=0),
            row("e", fold=1, after=3)]  # fmt: skip
    found = read(tmp_path, *rows)

    with pytest.raises(PredictionsError, match="follow-up grade 3 is in one fold only: rows 6"):
        require_both_in_each_fold(found, tmp_path / "p.csv")


def test_one_fold_is_no_cross_validation(tmp_path):
    with pytest.raises(PredictionsError, match="only one fold: rows 2, 3"):
        require_both_in_each_fold(read(tmp_path, row(), row("b", after=0)), tmp_path / "p.csv")
