import numpy as np
import pytest

from research.estimators.discs.published import PUBLISHED, Published
from research.validation.discs.targets import largest_difference_points, population_rows
from spine.anatomy.grades import Scale

PRINTED = Published(
    by_age=(), baseline=(50.0, 50.0), followup=(60.0, 40.0), progression=20.0,
    baseline_of_followup=((66.0, 34.0), (25.0, 75.0)), table_4={},
)  # fmt: skip


def test_the_largest_difference_may_be_of_either_time_or_of_an_origin():
    right = np.array([[0.4, 0.1], [0.2, 0.3]])
    # Origins of follow-up grade 0: 66.7 and 33.3 %.
    assert largest_difference_points(right, PRINTED) == pytest.approx(0.667, abs=0.001)
    moved = np.array([[0.42, 0.1], [0.18, 0.3]])
    assert largest_difference_points(moved, PRINTED) == pytest.approx(4.0)


def test_the_population_of_virtual_cohorts_is_the_printed_one():
    rows = population_rows()

    assert [row.met for row in rows] == [True] * 3
    # Tables 2 and 3 themselves differ by up to 0.16 points.
    assert max(row.value for row in rows) == pytest.approx(0.16, abs=0.01)
    assert set(PUBLISHED) == set(Scale)
