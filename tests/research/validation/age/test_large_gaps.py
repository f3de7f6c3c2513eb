import pytest

from research.measurements import Data
from research.validation.age.large_gaps import (
    Outcome,
    ReviewError,
    large_gaps,
    outcomes,
    read_review,
    write_review,
)
from tests.research.validation.age.planted import LINE, case

CASES = [
    case("young", 77.0, -37.0),
    case("near", 50.0, 14.9),
    case("old", 57.0, 17.0),
    case("edge", 50.0, 15.0 - 1e-6),
]
HEADER = "case,age,predicted,gap,outcome"


def review(tmp_path, *lines):
    path = tmp_path / "review.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return path


def test_gaps_over_15_years_either_way_are_listed_the_largest_first():
    assert [item.case for item in large_gaps(CASES, LINE)] == ["young", "old"]


def test_list_is_written_with_an_empty_outcome_and_read_back_filled_in(tmp_path):
    path = tmp_path / "review.csv"
    write_review(path, CASES, LINE)
    assert path.read_text().splitlines() == [
        HEADER,
        "young,77.00,40.00,-37.00,",
        "old,57.00,74.00,17.00,",
    ]
    path.write_text(path.read_text().replace("-37.00,", "-37.00,Plausible "))

    first, second = read_review(path)

    assert (first.case, first.outcome) == ("young", Outcome.PLAUSIBLE)
    assert (first.age_years, first.predicted_years, first.gap_years) == (77.0, 40.0, -37.0)
    assert second.outcome is None


def test_rounded_numbers_are_no_fault(tmp_path):
    odd = [case(f"c{n}", 50 + n / 700, 15.001 + n / 300) for n in range(300)]
    write_review(tmp_path / "review.csv", odd, LINE)

    assert len(read_review(tmp_path / "review.csv")) == 300


def test_what_a_reader_filled_in_is_never_written_over(tmp_path):
    path = review(tmp_path, "young,77.00,40.00,-37.00,model")

    with pytest.raises(FileExistsError):
        write_review(path, CASES, LINE)

    assert "model" in path.read_text()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("b,60,80,20,sensible", "line 3: 'outcome' is none of plausible, artifact"),
        ("b,sixty,80,20,model", "line 3: 'age' is not a number"),
        ("b,60,nan,20,model", "line 3: 'predicted' is not a number"),
        ("b,60,80,21,model", "line 3: 'gap' is not predicted minus age"),
        ("b,60,74,14,model", "line 3: 'gap' is not over 15 years"),
        ("a,60,80,20,model", "line 3: the case of line 2 again"),
        (",60,80,20,model", "line 3: 'case' is empty"),
        ("b,60", "line 3: 'predicted' is not a number"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, line, fault):
    with pytest.raises(ReviewError, match=fault):
        read_review(review(tmp_path, "a,60,80,20,artifact", line))


def test_all_faults_are_told_at_once(tmp_path):
    path = review(tmp_path, "a,60,80,20,x", "b,60,80,20,model", "c,60,80,9,")

    with pytest.raises(ReviewError) as caught:
        read_review(path)

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["line 2", "line 4"]


def test_a_lacking_column_is_told(tmp_path):
    path = tmp_path / "review.csv"
    path.write_text("case;age;predicted;gap;outcome\n")

    with pytest.raises(ReviewError, match="line 1: lacks case, age"):
        read_review(path)


def test_outcomes_are_counted_as_the_paper_does(tmp_path):
    """30 cases: 23 plausible, 2 artifacts, 1 segmentation, 4 of the model; and one unread."""
    words = ["plausible"] * 23 + ["artifact"] * 2 + ["segmentation"] + ["model"] * 4 + [""]
    lines = [f"c{number},60,80,20,{word}" for number, word in enumerate(words)]

    rows = outcomes(read_review(review(tmp_path, *lines)), Data.REAL)

    assert [row.value for row in rows] == [23, 2, 1, 4, 1]
    assert {row.n for row in rows} == {31}
