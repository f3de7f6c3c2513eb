import dataclasses
import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from research.estimators.discs.answers import model
from research.estimators.discs.comparison import COMPARISONS, Plan, compare, read_plan, shared
from research.estimators.discs.faults import PredictionsError
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort, write

BALANCE, WIDTHS, AXES = COMPARISONS


def run_of(folder, predictions, **plan):
    folder.mkdir()
    write(predictions, folder / f"predictions-{predictions.scale}.csv")
    if plan:
        (folder / "plan.json").write_text(json.dumps({"folds": 5, **plan}))
    return folder


def blind(predictions):
    """The same discs, all said to have the lowest grade."""
    shares = np.zeros_like(predictions.probabilities)
    shares[:, 0] = 1
    return dataclasses.replace(predictions, probabilities=shares, uncalibrated=shares)


@pytest.mark.parametrize(
    ("plan", "name"),
    [
        ({}, "plain, narrow"),
        ({"balance": "smote", "widths": "narrow"}, "smote"),
        ({"balance": "plain", "widths": "published"}, "published widths"),
        ({"swap_axes": True}, "swapped axes"),
    ],
)
def test_a_run_is_named_by_what_its_plan_has_otherwise(tmp_path, plan, name):
    folder = run_of(tmp_path / "run", cohort(Scale.BULGING, patients=1), **plan)

    assert read_plan(folder).name == name


def test_a_trial_on_one_fold_is_compared_on_its_discs_alone(tmp_path):
    discs = cohort(Scale.BULGING, patients=100)
    one_fold = blind(discs.of(discs.fold == 3))
    own = run_of(tmp_path / "own", discs)
    other = run_of(tmp_path / "other", one_fold, widths="published")

    table, missing = compare(WIDTHS, own, [other], np.random.default_rng(0))

    assert missing == ["published widths, schneiderman", "published widths, pfirrmann"]
    frame = table.frame.set_index("run")
    assert frame["discs"].tolist() == [100, 100, 100]
    inside = discs.fold == 3
    expected = accuracy_score(discs.progressed[inside], model(discs).called[inside])
    assert frame.at["this run", "accuracy"].startswith(f"{100 * expected:.1f} (")
    blind_accuracy = 1 - one_fold.progressed.mean()
    assert frame.at["published widths", "accuracy"].startswith(f"{100 * blind_accuracy:.1f} (")
    assert frame.at["difference", "accuracy"].startswith(
        f"\N{MINUS SIGN}{100 * (expected - blind_accuracy):.1f} ("
    )


def test_equal_runs_differ_by_nothing_in_any_draw(tmp_path):
    discs = cohort(Scale.PFIRRMANN, patients=50)
    own, other = run_of(tmp_path / "a", discs), run_of(tmp_path / "b", discs, swap_axes=True)

    table, _ = compare(AXES, own, [other], np.random.default_rng(0))

    row = table.frame.set_index("run").loc["difference"]
    assert row["accuracy"] == "0.0 (0.0 to 0.0)"
    assert row["AUC"] == "0.000 (0.000 to 0.000)"


def test_runs_that_are_not_there_are_named(tmp_path):
    own = run_of(tmp_path / "own", cohort(Scale.BULGING, patients=10))

    table, missing = compare(BALANCE, own, [], np.random.default_rng(0))

    assert table is None
    assert len(missing) == 12
    assert "smote, pfirrmann" in missing


def test_runs_of_other_discs_or_other_grades_are_refused():
    discs, strangers = cohort(Scale.BULGING, patients=4), cohort(Scale.BULGING, patients=4)
    strangers.patient[:] = "x"
    regraded = cohort(Scale.BULGING, patients=4)
    regraded.followup[3] = 3 - regraded.followup[3]

    with pytest.raises(PredictionsError, match="share no disc"):
        shared(discs, strangers)
    with pytest.raises(PredictionsError, match="differ in the grades"):
        shared(discs, regraded)


def test_an_unreadable_plan_is_told(tmp_path):
    (tmp_path / "plan.json").write_text("[1]")

    with pytest.raises(PredictionsError, match=r"plan\.json"):
        read_plan(tmp_path)
    assert Plan().name == "plain, narrow"
