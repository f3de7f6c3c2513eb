"""The figures' file: one row a target, a missing measurement misses."""

import json

from research.measurements import (
    Data,
    Measurement,
    read_measurements,
    tabulate,
    write_measurements,
)

DICE = Measurement("dice", 0.93, "1", Data.REAL, 24, target=0.9)
SECONDS = Measurement("wall", 6.0, "s", Data.SYNTHETIC, 1, target=5.0, better="lower")
SKIPPED = Measurement("seconds", None, "s", Data.NONE, 0, target=5.0, better="lower")


def test_targets_are_judged_by_their_direction():
    assert DICE.met is True
    assert SECONDS.met is False
    assert Measurement("size", 3.0, "MB", Data.NONE, 1).met is None


def test_a_skipped_measurement_misses():
    assert SKIPPED.met is False


def test_the_file_has_the_agreed_fields(tmp_path):
    content = json.loads(write_measurements("bench", 1.5, [DICE, SKIPPED], tmp_path).read_text())
    assert set(content) == {"command", "commit", "dirty", "seconds", "results"}
    assert set(content["results"][0]) == {
        "name", "value", "unit", "target", "better", "data", "n",
    }  # fmt: skip
    assert content["results"][1]["value"] is None


def test_what_was_written_is_read_again(tmp_path):
    rows = (DICE, SECONDS, SKIPPED)
    assert read_measurements(write_measurements("bench", 1.5, rows, tmp_path)) == rows


def test_the_table_says_what_was_missed():
    assert "MISSED" in tabulate([SECONDS])
    assert "MISSED" not in tabulate([DICE])
