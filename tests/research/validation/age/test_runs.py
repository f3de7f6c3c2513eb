import json

import pandas as pd
import pytest

from research.measurements import Data
from research.validation.age.predictions import Prediction, write_predictions
from research.validation.age.printed import (
    LUMBAR,
    MEDIUM,
    PROPOSED,
    SMALL,
    SMOOTH,
    TABLE_3,
    TABLE_4,
    counterpart,
)
from research.validation.age.runs import Run, RunError, RunFacts, line_of, read_run, read_runs
from research.validation.age.table3 import table_3, table_3_rows
from research.worlds.age import Part

FACTS = {
    "subjects": 850,
    "loss": "mse",
    "region": "whole",
    "spacing_mm": 1.8,
    "epochs": 20,
    "seconds": 3600.0,
    "device": "cpu",
}


def said(part, ages, slope=0.8, intercept=10.0, off=0.0):
    return [
        Prediction(
            part, f"{part}{age}", f"{part}{age}", "F", age, "S1", "A", slope * age + intercept + off
        )
        for age in ages
    ]


def answers(off=0.0):
    return (*said(Part.BIAS, (30, 50, 70)), *said(Part.TEST, (30, 50, 52), off=off))


def run_folder(folder, name="r", off=0.0, **changes):
    (folder / name).mkdir(parents=True)
    write_predictions(folder / name / "predictions.csv", answers(off))
    (folder / name / "run.json").write_text(json.dumps({**FACTS, **changes}))
    return folder / name / "predictions.csv"


def test_a_run_brings_its_facts_and_its_own_bias_line(tmp_path):
    run = read_run(run_folder(tmp_path))

    assert run.facts == RunFacts(**FACTS)
    assert run.line.slope == pytest.approx(0.8)
    assert run.line.intercept_years == pytest.approx(10.0)
    assert run.line.cases == 3


def test_a_folder_without_a_table_is_not_yet_done(tmp_path):
    run_folder(tmp_path, "done")
    (tmp_path / "running").mkdir()

    assert [run.name for run in read_runs(tmp_path)] == ["done"]
    with pytest.raises(RunError, match="no such folder"):
        read_runs(tmp_path / "none")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"loss": "l1"}, "'loss' is none of mse, smooth-l1"),
        ({"region": "neck"}, "'region' is none of"),
        ({"subjects": 0}, "'subjects' is no positive number"),
        ({"seconds": float("nan")}, "'seconds' is no positive number"),
    ],
)
def test_facts_that_cannot_be_are_told(tmp_path, changes, words):
    with pytest.raises(RunError, match=words):
        read_run(run_folder(tmp_path, **changes))


def test_facts_that_lack_and_no_json_are_told(tmp_path):
    path = run_folder(tmp_path).with_name("run.json")
    path.write_text('{"subjects": 85}')
    with pytest.raises(RunError, match="lacks loss, region"):
        read_run(path.with_name("predictions.csv"))
    path.write_text("{")
    with pytest.raises(RunError, match="no JSON"):
        read_run(path.with_name("predictions.csv"))


def test_without_enough_bias_cases_there_is_no_line():
    with pytest.raises(RunError, match="part bias: a bias line needs three"):
        line_of(tuple(said(Part.BIAS, (30, 50))))


@pytest.mark.parametrize(
    ("changes", "printed"),
    [
        ({"subjects": 85}, SMALL),
        ({"subjects": 850}, MEDIUM),
        ({"subjects": 2000}, PROPOSED),
        ({"subjects": 850, "loss": "smooth-l1"}, SMOOTH),
        ({"subjects": 85, "loss": "smooth-l1", "region": "lumbar"}, LUMBAR),
    ],
)
def test_a_run_stands_beside_its_line_of_p1(changes, printed):
    assert counterpart(RunFacts(**{**FACTS, **changes})) is printed
    assert counterpart(None) is PROPOSED


def test_table_3_measures_each_run_by_hand_beside_p1():
    """The lumbar run says three years more than its bias line: 3 / 0.8 after correction."""
    facts = RunFacts(**FACTS)
    main = Run("main", RunFacts(**{**FACTS, "subjects": 2000}), answers())
    lumbar = Run("lumbar", RunFacts(**{**FACTS, "region": "lumbar"}), answers(off=3.0))

    table = table_3(main, [lumbar, Run("850", facts, answers())]).set_index("model")

    assert list(table.index) == [line.name for line in TABLE_3]
    found = table.loc["Lumbar"]
    assert found["corrected: MAE"] == pytest.approx(3.75)
    # Said 37, 53 and 54.6 at 30, 50 and 52.
    assert found["uncorrected: MAE"] == pytest.approx((7 + 3 + 2.6) / 3)
    # Brackets 25-34 and 45-54.
    assert found["uncorrected: WMAE"] == pytest.approx((7 + 2.8) / 2)
    assert found["uncorrected: R2"] == pytest.approx(1 - (49 + 9 + 2.6**2) / 296)
    assert found["P1 corrected: WMAE"] == 4.57
    assert table.loc["Proposed model", "corrected: MAE"] == pytest.approx(0, abs=1e-9)
    assert table.loc["850 samples", "run"] == "850"
    assert pd.isna(table.loc["85 samples", "run"])
    assert table.loc["85 samples", "P1 uncorrected: MAE"] == 9.77


def test_two_runs_of_one_kind_stand_both():
    facts = RunFacts(**{**FACTS, "region": "lumbar"})
    runs = [Run(name, facts, answers(off)) for name, off in (("a", 1.0), ("b", 2.0))]

    table = table_3(Run("main", None, answers()), runs)

    assert list(table["run"][table["model"] == "Lumbar"]) == ["a", "b"]
    names = [row.name for row in table_3_rows(runs, Data.SYNTHETIC)]
    assert len(names) == len(set(names)) == 12


def test_printed_tables_agree_with_themselves():
    assert TABLE_4["men"].pairs + TABLE_4["women"].pairs == TABLE_4["all"].pairs
    # P1, 4.2.2: smooth-L1 is 0.27 and 0.40 years worse, 0.02 in R2.
    assert SMOOTH.corrected.mae - PROPOSED.corrected.mae == pytest.approx(0.27)
    assert SMOOTH.corrected.wmae - PROPOSED.corrected.wmae == pytest.approx(0.40)
    assert PROPOSED.corrected.r2 - LUMBAR.corrected.r2 == pytest.approx(0.06)
