from dataclasses import replace

import pytest

from research.followups import FollowupsError
from research.training.discs.folds import fold_by_patient, parts_of_all, parts_of_fold
from tests.research.training.discs.planted import planted_rows

ROWS = planted_rows(40)


def patients(positions):
    return {ROWS[position].patient_id for position in positions}


def test_no_patient_is_in_two_parts_and_all_are_tested_once():
    folds = fold_by_patient(ROWS, 5, seed=1)
    tested = []
    for number in range(5):
        parts = parts_of_fold(ROWS, folds, number, seed=1)
        groups = [patients(p) for p in (parts.training, parts.validation, parts.test)]
        assert sum(map(len, groups)) == len(set.union(*groups)) == 40
        assert [len(group) for group in groups] == [28, 4, 8]
        tested += sorted(groups[2])
    assert sorted(tested) == sorted(patients(range(len(ROWS))))


def test_the_same_seed_deals_the_same_folds():
    assert fold_by_patient(ROWS, 5, 1) == fold_by_patient(ROWS[::-1], 5, 1)
    assert fold_by_patient(ROWS, 5, 1) != fold_by_patient(ROWS, 5, 2)


def test_folds_of_the_table_are_kept():
    given = [replace(row, fold=int(row.patient_id[1:]) % 3) for row in ROWS]

    assert fold_by_patient(given, 5, 0)["p004"] == 1


def test_a_grade_that_a_training_part_lacks_is_told_with_its_rows():
    rows = [replace(ROWS[0], followup=3), *ROWS[1:]]
    folds = fold_by_patient(rows, 5, 0)

    with pytest.raises(FollowupsError, match=r"grade 3 is empty .* fold \d: rows 2$"):
        parts_of_fold(rows, folds, folds["p000"], 0)


def test_more_folds_than_patients_are_refused():
    with pytest.raises(ValueError, match="41 folds of 40 patients"):
        fold_by_patient(ROWS, 41, 0)


def test_the_network_that_ships_learns_from_everybody_but_an_eighth():
    parts = parts_of_all(ROWS, 0)

    assert len(patients(parts.training)) == 35
    assert len(patients(parts.validation)) == 5
    assert not len(parts.test)
