import numpy as np
import pytest

from research.worlds.progression.readers import read_independently
from research.worlds.progression.settings import READER_DISAGREEMENT
from spine.anatomy.grades import Scale


@pytest.mark.parametrize("scale", list(Scale))
def test_readers_differ_by_one_grade_in_the_stated_share_and_one_holds_the_consensus(scale):
    grades = np.array([int(grade) for grade in scale.grades])
    consensus = np.random.default_rng(0).choice(grades, (4000, 5))

    first, second = read_independently(scale, consensus, np.random.default_rng(1))

    assert set(np.unique([first, second])) == set(grades)
    assert (np.abs(first - second) <= 1).all()
    assert ((first == consensus) | (second == consensus)).all()
    assert (first != second).mean() == pytest.approx(READER_DISAGREEMENT[scale], abs=0.01)
    assert (first != consensus).mean() == pytest.approx((second != consensus).mean(), abs=0.01)
