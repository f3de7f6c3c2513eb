import numpy as np
import pytest

from research.cohort import (
    SubjectRecord,
    read_images,
    read_records,
    split_by_subject,
    write_subject,
)
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.imaging.volume import LabelMap, Volume

RECORD = SubjectRecord(
    "s000001", 51.25, "F", {DiscLevel.L4_L5: {Scale.PFIRRMANN: (3, 4), Scale.BULGING: (0, 1)}}
)


def images():
    rng = np.random.default_rng(0)
    affine = np.diag([3.0, 2.0, 1.0, 1.0])
    affine[:3, 3] = (5, -3, 2)
    data = rng.normal(size=(4, 5, 6)).astype(np.float32)
    return Volume(data, affine), LabelMap((data > 0).astype(np.uint8) * 45, affine)


def test_subject_survives_the_disk(tmp_path):
    volume, labels = images()

    write_subject(tmp_path, RECORD, volume, labels)

    assert read_records(tmp_path) == (RECORD,)
    found_volume, found_labels = read_images(tmp_path, RECORD)
    np.testing.assert_array_equal(found_volume.data, volume.data)
    np.testing.assert_array_equal(found_labels.data, labels.data)
    np.testing.assert_allclose(found_volume.affine, volume.affine, atol=1e-6)


def test_half_written_subject_is_no_subject(tmp_path):
    write_subject(tmp_path, RECORD, *images())
    (tmp_path / RECORD.subject_id / "truth.json").unlink()

    assert read_records(tmp_path) == ()


def records(count=200):
    ages = np.random.default_rng(3).uniform(25, 85, size=count)
    return [SubjectRecord(f"s{n:06}", float(age), "M", {}) for n, age in enumerate(ages)]


def test_no_subject_is_in_two_parts_and_none_is_lost():
    split = split_by_subject(records(2000), 0, 0.1, 0.15)

    ids = [r.subject_id for part in (split.training, split.validation, split.test) for r in part]
    assert sorted(ids) == [record.subject_id for record in records(2000)]
    assert len(split.validation) == pytest.approx(200, abs=40)
    assert len(split.test) == pytest.approx(300, abs=45)


def test_parts_agree_in_age():
    split = split_by_subject(records(2000), 0, 0.1, 0.1)

    means = [np.mean([r.age_years for r in part]) for part in (split.training, split.test)]
    assert means[0] == pytest.approx(means[1], abs=3.5)


def test_subject_keeps_its_part_when_the_cohort_grows():
    small = split_by_subject(records(100), 0, 0.1, 0.1)
    large = split_by_subject(records(200), 0, 0.1, 0.1)

    for part in ("training", "validation", "test"):
        small_ids = {record.subject_id for record in getattr(small, part)}
        assert small_ids <= {record.subject_id for record in getattr(large, part)}


def test_split_depends_on_the_seed():
    assert split_by_subject(records(), 8, 0.1, 0.1) != split_by_subject(records(), 7, 0.1, 0.1)
