import numpy as np
import pytest

from research.measurements import Data
from research.validation.age.predictions import Prediction, PredictionsError
from research.validation.age.repeats import RepeatPair, first_scans, pairs_of, repeatability
from research.worlds.age import Part
from tests.research.validation.age.planted import LINE


def pairs(seed, count, gap_sd=4.1, error_sd=2.5, shift=0.0):
    """P1's world: a person's own gap, and the model's error at each scan."""
    rng = np.random.default_rng(seed)
    gap = rng.normal(0, gap_sd, size=count)
    errors = rng.normal(0, error_sd, size=(count, 2))
    return [
        RepeatPair(
            "MF"[number % 2],
            (gap[number] + errors[number, 0], gap[number] + errors[number, 1] + shift),
            1.6,
        )
        for number in range(count)
    ]


def test_planted_person_and_error_give_the_papers_figures():
    rows = repeatability(pairs(0, 1_500), Data.SYNTHETIC, np.random.default_rng(0))
    found = {row.name: row.value for row in rows}

    for group in ("all", "men", "women"):
        # The share of a person's own gap in the variance: 16.81 of 23.06.
        assert found[f"{group}: ICC(1,1) of the gap"] == pytest.approx(0.729, abs=0.04)
        low, high = (found[f"{group}: ICC(1,1) of the gap, 95 % {end}"] for end in ("low", "high"))
        assert low < 0.729 < high
        assert found[f"{group}: standard error of measurement"] == pytest.approx(2.5, abs=0.15)
        assert found[f"{group}: minimal detectable change"] == pytest.approx(6.93, abs=0.42)
    # 1.96 * sqrt(2) * 2.5 either way.
    assert found["all: limit of agreement, upper"] == pytest.approx(6.93, abs=0.25)
    assert found["all: limit of agreement, lower"] == pytest.approx(-6.93, abs=0.25)
    assert found["all: years between scans, mean"] == pytest.approx(1.6)


def test_subgroups_count_their_own_pairs():
    rows = repeatability(pairs(1, 31), Data.SYNTHETIC, np.random.default_rng(0))

    counts = {row.name.split(":")[0]: row.n for row in rows}
    assert counts == {"all": 31, "men": 16, "women": 15}


def test_a_scanner_changed_between_scans_shows_as_a_shift():
    shifted = pairs(2, 600, shift=4.0)
    rows = repeatability(shifted, Data.SYNTHETIC, np.random.default_rng(0))
    found = {row.name: row.value for row in rows}

    assert found["all: second minus first scan, mean"] == pytest.approx(4.0, abs=0.4)
    assert found["all: ICC(C,1) of the gap"] == pytest.approx(0.729, abs=0.06)
    assert found["all: ICC(A,1) of the gap"] < 0.6


def test_too_few_pairs_are_a_row_without_value():
    only_men = [pair for pair in pairs(3, 20) if pair.sex == "M"]
    rows = repeatability(only_men, Data.SYNTHETIC, np.random.default_rng(0))

    (women,) = [row for row in rows if row.name.startswith("women")]
    assert women.value is None
    assert women.n == 0


def test_gaps_that_do_not_vary_have_no_correlation():
    same = [RepeatPair("M", (1.0, 1.0), 1.0)] * 5
    rows = repeatability(same, Data.SYNTHETIC, np.random.default_rng(0))
    found = {row.name: row.value for row in rows}

    assert found["men: ICC(1,1) of the gap"] is None
    assert found["men: standard error of measurement"] == 0


def scan(name, person, age, answer, part=Part.REPEATS):
    return Prediction(part, name, person, "F", age, "S1", "A", answer)


def test_scans_of_a_person_are_paired_the_earlier_first():
    """On the planted line 42 and 44 are 40 and 42.5 years, of somebody 38 and 40 years old."""
    table = [
        scan("p-2", "p", 40.0, 44.0),
        scan("p-1", "p", 38.0, 42.0),
        scan("t", "t", 50.0, 50.0, Part.TEST),
    ]

    (pair,) = pairs_of(table, LINE)

    assert pair.gaps_years == pytest.approx((2.0, 2.5))
    assert pair.years_between == pytest.approx(2.0)
    assert [case.case for case in first_scans(table)] == ["p-1"]


@pytest.mark.parametrize("scans", [1, 3])
def test_a_person_with_one_scan_or_three_is_told(scans):
    table = [scan(f"p-{number}", "p", 40.0 + number, 50.0) for number in range(scans)]

    with pytest.raises(PredictionsError, match="1 people have not two scans"):
        pairs_of(table, LINE)
