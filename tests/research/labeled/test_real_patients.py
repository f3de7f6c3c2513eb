"""The 24 real lumbar patients in the merged form of SPIDER."""

import csv
from pathlib import Path

import numpy as np
import pytest

from research.labeled.cases import read_labeled_cases
from research.labeled.folds import folds_by_patient
from research.labeled.label_sets import load_label_sets
from research.labeled.mapping_file import load_mapping
from spine.anatomy.grades import Scale
from spine.imaging import nifti

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real patients")]


def test_every_real_case_is_read_as_it_lies_on_disk(real_data: Path) -> None:
    mapping = load_mapping("spider-merged")
    cases = read_labeled_cases(real_data, mapping)

    assert len(cases) == 24
    with (real_data / "subjects.csv").open() as file:
        ages = {row["subject"]: float(row["age_years"]) for row in csv.DictReader(file)}
    assert {case.patient_id: case.age_years for case in cases} == ages
    for case in cases:
        assert {Scale.PFIRRMANN, Scale.BULGING} == set(case.grades[1])
        volume, sets = load_label_sets(case, mapping)
        # The files are stored in RAS; sets: lumbar, thoracic, disc, canal.
        source = np.array([0, 1, 1, 2, 3], dtype=np.uint8)[sets.data]
        assert np.array_equal(source, nifti.read_labels(case.labels).data)
        assert {0, 1, 3, 4} <= set(np.unique(sets.data))
        if (sets.data == 2).any():
            middle = [np.argwhere(sets.data == value)[:, 2].mean() for value in (1, 2)]
            assert middle[0] < middle[1]
        assert volume.grid.matches(sets.grid)
        assert volume.data.std() > 0
        # Across the anterior axis the canal lies behind the bodies.
        middle = {value: np.argwhere(sets.data == value)[:, 1].mean() for value in (3, 4)}
        assert middle[4] < middle[3]
    validated = [case for fold in folds_by_patient(cases, 5, 0) for case in fold.validation]
    assert sorted(validated) == sorted(case.case_id for case in cases)
