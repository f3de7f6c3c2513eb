import numpy as np
import pytest

from research.cohort import read_images, read_records
from research.training.discs.graded_regions import regions_of_phantoms
from research.worlds.grading import render_grading_cohort
from spine.anatomy.grades import Scale
from spine.anatomy.labels import DISC_LABELS

pytestmark = pytest.mark.slow


def test_every_disc_in_view_is_graded_and_those_that_can_be_cut_have_a_region(tmp_path):
    render_grading_cohort(tmp_path, [700_000, 700_001])

    records = read_records(tmp_path)
    assert len(records) == 2
    for record in records:
        _, labels = read_images(tmp_path, record)
        in_view = set(np.unique(labels.data)) & set(DISC_LABELS.values())
        assert {DISC_LABELS[level] for level in record.grades} == in_view
        assert any(not level.is_lumbar for level in record.grades)
    regions = regions_of_phantoms(tmp_path)
    assert len(regions.discs) + regions.left_out == sum(len(record.grades) for record in records)
    assert len(regions.discs) >= 10
    assert {disc.patient_id for disc in regions.discs} == {r.subject_id for r in records}
    assert all(disc.grades.keys() == set(Scale) for disc in regions.discs)


def test_what_is_there_is_not_rendered_again(tmp_path):
    render_grading_cohort(tmp_path, [700_000])
    truth = tmp_path / "g0700000" / "truth.json"
    written = truth.stat().st_mtime_ns

    render_grading_cohort(tmp_path, [700_000])

    assert truth.stat().st_mtime_ns == written
