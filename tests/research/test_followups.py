from dataclasses import replace
from datetime import date

import pytest

from research.followups import (
    FOLLOWUPS_FILE,
    Followup,
    FollowupsError,
    check_images,
    read_followups,
    write_followups,
)
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel

FIRST = Followup(
    line=2,
    patient_id="p1",
    level=DiscLevel.L4_L5,
    scale=Scale.PFIRRMANN,
    baseline=3,
    followup=4,
    sex="F",
    age_years=50.25,
    bmi=23.5,
    institution="A",
    baseline_on=date(2010, 3, 1),
    followup_on=date(2015, 3, 1),
)


def table(folder, *rows, fold=None):
    path = folder / FOLLOWUPS_FILE
    write_followups(rows, path)
    if fold is not None:
        lines = path.read_text().splitlines()
        added = ["fold", *map(str, fold)]
        path.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, added, strict=True)) + "\n")
    return path


def test_what_is_written_is_read_with_the_lines_it_stands_on(tmp_path):
    second = replace(FIRST, line=3, level=DiscLevel.L5_S1, sex="M")

    assert read_followups(table(tmp_path, FIRST, second)) == (FIRST, second)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"baseline": 0}, "grades outside their scale: rows 3"),
        ({"followup": 6}, "grades outside their scale: rows 3"),
        ({"scale": Scale.BULGING, "baseline": 4}, "grades outside their scale: rows 3"),
        ({"level": DiscLevel.T12_L1}, "discs that are not lumbar: rows 3"),
        ({"followup_on": date(2010, 2, 28)}, "follow-up before baseline: rows 3"),
        ({"followup_on": date(2014, 8, 1)}, "not at 5 years within 6 months: rows 3"),
        ({"followup_on": date(2015, 9, 15)}, "not at 5 years within 6 months: rows 3"),
        ({"level": DiscLevel.L4_L5}, "discs graded twice: rows 2, 3"),
        ({"patient_id": "../p1"}, "cannot be read: row 3"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path, change, told):
    second = replace(FIRST, line=3, **{"level": DiscLevel.L5_S1, **change})

    with pytest.raises(FollowupsError, match=told):
        read_followups(table(tmp_path, FIRST, second))


def test_follow_up_within_six_months_of_five_years_passes(tmp_path):
    early = replace(FIRST, followup_on=date(2014, 9, 5))
    late = replace(FIRST, line=3, patient_id="p2", followup_on=date(2015, 8, 25))

    assert len(read_followups(table(tmp_path, early, late))) == 2


def test_a_patient_in_two_folds_is_told_with_the_rows(tmp_path):
    rows = FIRST, replace(FIRST, line=3, level=DiscLevel.L5_S1), replace(FIRST, patient_id="p2")

    with pytest.raises(FollowupsError, match=r"a patient in two folds: rows 2, 3$"):
        read_followups(table(tmp_path, *rows, fold=(0, 1, 1)))


def test_folds_of_the_table_are_read(tmp_path):
    rows = FIRST, replace(FIRST, line=3, patient_id="p2")

    assert [r.fold for r in read_followups(table(tmp_path, *rows, fold=(0, 4)))] == [0, 4]


def test_a_table_without_a_column_says_which(tmp_path):
    path = table(tmp_path, FIRST)
    path.write_text(path.read_text().replace("followup_on", "later_on"))

    with pytest.raises(FollowupsError, match="lacks the columns followup_on"):
        read_followups(path)


def test_discs_of_a_patient_without_labels_are_named(tmp_path):
    rows = FIRST, replace(FIRST, line=3, patient_id="p2")
    for patient, names in (("p1", ("image.nii", "labels.nii")), ("p2", ("image.nii",))):
        (tmp_path / patient).mkdir()
        for name in names:
            (tmp_path / patient / name).touch()

    with pytest.raises(FollowupsError, match=r"discs without image: rows 3$"):
        check_images(tmp_path, rows)
