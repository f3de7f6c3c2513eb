import numpy as np
import pytest

from research.segflow.levels import (
    SacralSign,
    _lumbar_scores,
    body_signal,
    fall,
    find_discs,
    front_depths,
)
from tests.research.segflow.columns import column_of


def test_discs_are_found_where_they_were_planted():
    plateaus = np.ones((4, 200, 48))
    planted = (20, 52, 86, 121, 155)
    for disc in planted:
        plateaus[:, disc - 4 : disc + 5] = 0.2

    found = find_discs(plateaus, first_t=-8)

    assert np.abs(np.array(found) - planted).max() <= 1


def test_a_dark_spot_between_discs_is_no_disc():
    plateaus = np.ones((4, 120, 48))
    for disc in (20, 54, 88):
        plateaus[:, disc - 4 : disc + 5] = 0.2
    plateaus[:, 34:40, 12:20] = 0.2

    assert len(find_discs(plateaus, first_t=-8)) == 3


def test_tilted_disc_is_found_at_its_middle():
    plateaus = np.ones((4, 120, 48))
    s, t = np.indices((120, 48))
    for disc in (20, 54, 88):
        # t = 15 is column 23; the lowest disc rises by 0.4 forward.
        slope = 0.4 if disc == 20 else 0.0
        plateaus[:, np.abs(s - disc - slope * (t - 23)) < 4] = 0.2

    assert np.abs(np.array(find_discs(plateaus, first_t=-8)) - (20, 54, 88)).max() <= 1


def test_no_dark_row_is_no_disc():
    assert find_discs(np.ones((4, 120, 48)), first_t=-8) == ()


def test_front_of_the_column_is_measured_from_its_back_wall():
    relative = np.ones((6, 60, 48))
    relative[:, :, 8 + 30 : 8 + 32] = 0.1

    nearest, line = front_depths(relative, first_t=-8)

    assert np.median(nearest) == 30
    assert np.median(line) == pytest.approx(30.5, abs=0.6)


def test_reference_follows_the_signal_of_the_bodies():
    data = np.full((4, 100, 48), 50.0, dtype=np.float32)
    data[:, :, :6] = 400.0  # canal

    assert body_signal(data, first_t=-8) == pytest.approx(np.full(100, 50.0))
    # 14% in 10 mm, 1 at 15 mm (docs/anatomy.md, 5.1).
    assert fall(np.array([5, 15, 25])) == pytest.approx([1.14, 1.0, 0.86])


def test_shallow_tilted_body_scores_as_sacrum():
    depths = np.full((2, 200), 32.0)
    depths[:, :40] = 22.0
    tilt = np.zeros(200)
    tilt[:40] = 40.0

    scores, usual = _lumbar_scores(depths, (40, 74, 108, 142, 176), tilt)

    assert usual == 32
    # 22 / 32 less 20 degrees of 0.004; upright bodies gain as much.
    assert scores[:, 0] == pytest.approx([22 / 32 - 0.08] * 2)
    assert scores[:, 1] == pytest.approx([1 + 0.08] * 2)


def test_lowest_disc_lies_between_lumbar_and_sacral_bodies():
    # Discs S1/S2, L5/S1, L4/L5 and up; below them S2, S1, L5 and up.
    scores = np.array([[0.4, 0.7, 1.0, 1.0, 1.0, 1.0]] * 2)

    column = column_of(discs=(30, 62, 95, 128, 161, 194), lumbar_scores=scores)

    assert column.lowest_disc(SacralSign(0.5, 2.0)) == 1
    assert column.lowest_disc(SacralSign(1.0, 1.0)) == 1
