import math

import numpy as np
import pytest

from phantom.gallery import AGES_YEARS, compare, real_patients, report, typical
from phantom.realism import MEASURES
from phantom.tissues import merged, tissues
from spine.anatomy.labels import CORD, CSF, SACRUM
from spine.imaging.volume import LabelMap, Volume


def _all(value):
    return dict.fromkeys(MEASURES, value)


def test_comparison_counts_phantoms_inside_the_real_range():
    first = compare([_all(1.0), _all(3.0)], [_all(2.0), _all(4.0)])[0]
    assert (first.real_min, first.real_max) == (1.0, 3.0)
    assert first.inside == pytest.approx(0.5)
    # phantom mean 3, real mean 2, SD 1
    assert first.mean_fits
    assert not compare([_all(1.0), _all(3.0)], [_all(3.5)])[0].mean_fits


def test_statistics_missing_in_a_real_patient_are_left_out():
    first = compare([_all(1.0), _all(3.0), _all(math.nan)], [_all(2.0)])[0]
    assert first.real_mean == pytest.approx(2.0)


def test_report_has_a_line_for_every_statistic():
    lines = report(compare([_all(1.0), _all(3.0)], [_all(2.0)])).splitlines()
    assert len(lines) == 1 + len(MEASURES)


def test_typical_subjects_wear_with_age():
    grades = []
    for age in AGES_YEARS:
        someone = typical(age)
        assert someone.age_years == age
        discs = [disc for disc in someone.discs if disc.level.is_lumbar]
        grades.append(sum(disc.severity for disc in discs) / len(discs))
    assert grades == sorted(grades)


def test_a_folder_without_patients_is_refused(tmp_path):
    (tmp_path / "subjects.csv").write_text("subject,age_years,sex\n")
    with pytest.raises(ValueError, match="nobody"):
        real_patients(tmp_path)


def test_instance_labels_merge_into_the_real_patients_three():
    data = np.array([[[0, 11, 32, 45, SACRUM, 71, 111, CSF, CORD]]], np.uint8)
    merged_labels = merged(LabelMap(data, np.eye(4))).data
    assert merged_labels.ravel().tolist() == [0, 1, 1, 1, 0, 2, 0, 3, 3]


def test_bodies_are_the_vertebrae_in_front_of_the_sac():
    labels = np.zeros((3, 60, 40), np.uint8)
    labels[:, 4:16, 5:35] = 1  # arch
    labels[:, 20:30, :] = 3
    labels[:, 34:56, 5:35] = 1  # body, anterior at larger j
    image = np.where(labels == 3, 400, 100).astype(np.float32)
    found = tissues(Volume(image, np.eye(4)), LabelMap(labels, np.eye(4)))
    assert found.bodies[:, 34:, :].any()
    assert not found.bodies[:, :34, :].any()
    assert found.posterior[:, :16, :].any()
    assert np.median(found.image[found.canal]) == pytest.approx(4.0)
