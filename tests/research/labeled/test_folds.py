import json
from pathlib import Path

import pytest

from research.labeled.cases import LabeledCase
from research.labeled.errors import LabeledDataError
from research.labeled.folds import folds_by_patient, write_folds

# Eleven patients; every third has two series.
CASES = [
    LabeledCase(f"{patient}_{series}", f"p{patient}", Path("image"), Path("labels"))
    for patient in range(11)
    for series in (("t2", "space") if patient % 3 == 0 else ("t2",))
]
PATIENTS = {case.case_id: case.patient_id for case in CASES}


def test_no_patient_is_on_both_sides_and_each_is_validated_once():
    folds = folds_by_patient(CASES, 4, seed=3)

    for fold in folds:
        training, validation = ({PATIENTS[case] for case in part} for part in fold)
        assert not training & validation
        assert sorted(fold.training + fold.validation) == sorted(PATIENTS)
    validated = [case for fold in folds for case in fold.validation]
    assert sorted(validated) == sorted(PATIENTS)
    sizes = [len({PATIENTS[case] for case in fold.validation}) for fold in folds]
    assert sorted(sizes) == [2, 3, 3, 3]


def test_folds_depend_on_the_seed_and_not_on_the_order_of_cases():
    assert folds_by_patient(CASES, 4, 3) == folds_by_patient(CASES[::-1], 4, 3)
    assert folds_by_patient(CASES, 4, 3) != folds_by_patient(CASES, 4, 4)


@pytest.mark.parametrize("count", [0, 1, 12])
def test_a_count_that_leaves_a_fold_empty_is_refused(count):
    with pytest.raises(LabeledDataError, match=f"{count} folds of 11 patients"):
        folds_by_patient(CASES, count, 0)


def test_folds_are_written_in_the_form_of_nnunet(tmp_path):
    folds = folds_by_patient(CASES, 3, 0)
    path = tmp_path / "splits_final.json"

    write_folds(folds, path)

    written = json.loads(path.read_text())
    assert [set(fold) for fold in written] == [{"train", "val"}] * 3
    assert [(tuple(fold["train"]), tuple(fold["val"])) for fold in written] == list(folds)
