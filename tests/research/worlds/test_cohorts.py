import numpy as np
import pytest

from phantom.subjects import subject
from research.cohort import read_images, read_records
from research.worlds.cohorts import lumbar_grades, render_disc_cohort
from spine.anatomy.grades import Scale
from spine.anatomy.labels import DISC_LABELS

pytestmark = pytest.mark.slow


def test_grades_of_both_examinations_are_on_their_scale_and_some_progress():
    pairs = [
        (scale, *pair)
        for seed in range(40)
        for scales in lumbar_grades(subject(seed, age_years=55.0)).values()
        for scale, pair in scales.items()
    ]

    for scale in Scale:
        baseline, followup = np.array([pair[1:] for pair in pairs if pair[0] is scale]).T
        assert set(baseline) | set(followup) <= {int(grade) for grade in scale.grades}
        assert 0.05 < (followup > baseline).mean() < 0.6
        assert (followup >= baseline).all()


def test_every_lumbar_disc_is_graded_whatever_the_count():
    for seed in range(30):
        person = subject(seed)
        assert set(lumbar_grades(person)) == {d.level for d in person.discs if d.level.is_lumbar}


def test_rendered_subject_shows_its_graded_discs(tmp_path):
    render_disc_cohort(tmp_path, [200_000])

    (record,) = read_records(tmp_path)
    volume, labels = read_images(tmp_path, record)
    assert volume.data.shape == labels.data.shape
    assert 25 <= record.age_years < 85
    assert {DISC_LABELS[level] for level in record.grades} <= set(np.unique(labels.data))


def test_subjects_on_disk_are_not_rendered_again(tmp_path):
    render_disc_cohort(tmp_path, [200_000])
    written = (tmp_path / "s0200000" / "truth.json").stat().st_mtime_ns

    render_disc_cohort(tmp_path, [200_000])

    assert (tmp_path / "s0200000" / "truth.json").stat().st_mtime_ns == written
