import pytest

from research.measurements import Data
from research.validation.age.outcomes import (
    Outcome,
    append_outcomes,
    kind_rows,
    kinds_table,
    read_outcomes,
)
from research.worlds.age_kinds import IN_SCOPE, OUT_OF_SCOPE, Kind


def outcome(kind, case="s1", code="", years=50.5):
    return Outcome(kind, case, code, None if code else years, 23, 4.25)


def everything(cases):
    """All out of scope refused, all in scope with an age."""
    return [
        outcome(kind, f"s{number}", "" if kind in IN_SCOPE else "COVERAGE_TOO_SMALL")
        for kind in Kind
        for number in range(cases)
    ]


def named(outcomes):
    rows = kind_rows(outcomes, Data.SYNTHETIC)
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row for row in rows}


def test_every_kind_is_in_scope_or_out_of_it():
    assert sorted((*IN_SCOPE, *OUT_OF_SCOPE)) == sorted(Kind)
    assert len(OUT_OF_SCOPE) == 14


def test_outcomes_are_read_as_they_were_appended(tmp_path):
    path = tmp_path / "new" / "kinds.csv"
    first, second = outcome(Kind.PLAIN), outcome(Kind.BRAIN, code="TOO_FEW_VERTEBRAE")

    append_outcomes(path, [first])
    append_outcomes(path, [second])

    assert read_outcomes(path) == (first, second)
    assert read_outcomes(tmp_path / "none.csv") == ()


def test_a_line_that_was_interrupted_is_run_again_and_not_taken_for_whole(tmp_path):
    path = tmp_path / "kinds.csv"
    first, second = outcome(Kind.PLAIN, "s1"), outcome(Kind.PLAIN, "s2")
    append_outcomes(path, [first, second])
    path.write_text(path.read_text()[:-9])

    assert read_outcomes(path) == (first,)
    append_outcomes(path, [second])
    assert read_outcomes(path) == (first, second)


def test_a_sound_chain_meets_every_target():
    rows = named(everything(300))

    assert all(row.met for row in rows.values() if row.target is not None)
    assert rows["out of scope: cases of the kind with the fewest"].value == 300
    assert rows["in scope, all kinds: share refused"].n == 300 * len(IN_SCOPE)


def test_one_silent_age_is_a_row_that_misses():
    silent = [*everything(3), outcome(Kind.BRAIN, "s9")]

    row = named(silent)["out of scope, brain: an age was given"]

    assert (row.value, row.target, row.met, row.n) == (1.0, 0.0, False, 4)


def test_refusals_in_scope_count_as_a_share_of_all_in_scope():
    refused = [*everything(20), outcome(Kind.FRACTURE, "s99", "LEVEL_GAP")]

    rows = named(refused)

    assert rows["in scope, fracture: share refused"].value == pytest.approx(1 / 21)
    assert rows["in scope, all kinds: share refused"].value == pytest.approx(1 / 101)
    assert rows["in scope, all kinds: share refused"].met


def test_what_was_not_run_misses():
    rows = named([])

    assert all(row.met is False for row in rows.values() if row.target is not None)


def test_the_table_tells_the_codes_of_each_kind():
    found = [
        outcome(Kind.HEAVY_ARTIFACT, "s1", "IMAGE_ARTIFACT"),
        outcome(Kind.HEAVY_ARTIFACT, "s2", "IMAGE_ARTIFACT"),
        outcome(Kind.HEAVY_ARTIFACT, "s3", "SIZE_IMPLAUSIBLE"),
        outcome(Kind.HEAVY_ARTIFACT, "s4"),
    ]

    line = kinds_table(found).set_index("kind").loc["heavy artifact"]

    assert (line["cases"], line["with an age"], line["refused"]) == (4, 1, 3)
    assert line["codes"] == "IMAGE_ARTIFACT 2, SIZE_IMPLAUSIBLE 1"
    assert not line["in scope"]
