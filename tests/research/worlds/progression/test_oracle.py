import numpy as np
import pytest
from scipy.stats import norm

from research.worlds.progression.oracle import oracle_accuracy, posterior
from research.worlds.progression.people import draw_people
from research.worlds.progression.settings import VISIBLE_SHARE, Visibility
from spine.anatomy.grades import Scale


@pytest.mark.parametrize("scale", list(Scale))
def test_oracle_reaches_91_to_93_percent_and_more_the_more_is_visible(scale):
    low, stated, high = (oracle_accuracy(scale, VISIBLE_SHARE[kind][scale]) for kind in Visibility)

    assert 0.91 <= stated <= 0.93
    assert low < stated - 0.015
    assert stated + 0.01 < high < 0.97


def test_nothing_visible_leaves_the_baseline_grade():
    # What the likeliest follow-up grade gives without an image (facts from Tables 2 and 3).
    assert oracle_accuracy(Scale.SCHNEIDERMAN, 1e-6) == pytest.approx(0.881, abs=0.004)
    assert oracle_accuracy(Scale.BULGING, 1e-6) == pytest.approx(0.766, abs=0.002)
    assert oracle_accuracy(Scale.PFIRRMANN, 1e-6) == pytest.approx(0.860, abs=0.002)


def test_posterior_of_one_disc_by_hand():
    # One cut at 0.5, half of the variance visible, sign 1: Phi((0.5 - 0.7071) / 0.7071) below.
    low, high = posterior(np.array([0.5]), np.array(1.0), 0.5)

    assert low == pytest.approx(norm.cdf((0.5 - 0.70711) / 0.70711), abs=1e-4)
    assert low + high == pytest.approx(1)


@pytest.mark.parametrize("scale", list(Scale))
def test_posterior_is_calibrated_on_a_drawn_cohort(scale):
    course = draw_people(3000, seed=4).courses[scale]
    grades = np.array([int(grade) for grade in scale.grades])
    progress = (course.oracle * (grades > course.baseline[..., None])).sum(axis=-1).ravel()
    progressed = (course.followup > course.baseline).ravel()

    for low, high in ((0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.01)):
        held = (progress >= low) & (progress < high)
        assert progressed[held].mean() == pytest.approx(progress[held].mean(), abs=0.03)
