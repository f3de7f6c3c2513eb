import matplotlib.image
import numpy as np
import pytest

from research.validation.age.pictures import (
    draw_absolute_errors,
    draw_bland_altman,
    draw_gaps,
    draw_predictions,
)
from tests.research.validation.age.planted import LINE, case, cohort
from tests.research.validation.age.test_repeats import pairs


def test_pairs_are_drawn_with_their_limits(tmp_path):
    draw_bland_altman(pairs(0, 60)).savefig(tmp_path / "pairs.png", dpi=100)
    picture = matplotlib.image.imread(tmp_path / "pairs.png")[..., :3]

    assert picture.shape == (450, 600, 3)
    blue = np.isclose(picture, np.array([70, 130, 180]) / 255, atol=0.02).all(axis=2)
    # Sixty dots of a dozen pixels or more, some one upon another.
    assert 400 < blue.sum() < 4_000


def test_errors_are_drawn_for_each_sex_also_where_a_bracket_is_empty(tmp_path):
    cases = [*cohort(1, cases=100), case("alone", 80.0, 3.0)]
    young_men = [item for item in cases if item.sex == "F" or item.age_years < 45]
    draw_absolute_errors(young_men, LINE).savefig(tmp_path / "errors.png", dpi=100)
    picture = matplotlib.image.imread(tmp_path / "errors.png")[..., :3]

    for shade in ((176, 196, 222), (255, 222, 173)):
        assert np.isclose(picture, np.array(shade) / 255, atol=0.02).all(axis=2).sum() > 500


def test_ages_are_drawn_before_and_after_correction():
    cases = cohort(1, cases=40)

    before, after = draw_predictions(cases, LINE).axes

    dots = [axes.collections[0].get_offsets() for axes in (before, after)]
    assert dots[0][0].tolist() == [cases[0].age_years, cases[0].predicted_years]
    assert dots[1][0].tolist() == [cases[0].age_years, cases[0].corrected_years(LINE)]
    drawn = {line.get_label(): line.get_ydata() for line in before.lines}
    ends = np.array([min(c.age_years for c in cases), max(c.age_years for c in cases)])
    np.testing.assert_allclose(drawn["bias line"], 0.8 * ends + 10)


def test_gaps_are_drawn_by_sex():
    cases = cohort(1, cases=40)

    axes = draw_gaps(cases, LINE).axes[0]

    assert [len(dots.get_offsets()) for dots in axes.collections] == [20, 20]
    assert axes.collections[0].get_offsets()[0][1] == pytest.approx(cases[0].gap_years(LINE))
