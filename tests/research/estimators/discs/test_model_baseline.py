import dataclasses

import numpy as np
import pytest

from research.estimators.discs.answers import model
from research.estimators.discs.faults import PredictionsError
from research.estimators.discs.gradings import Gradings
from research.estimators.discs.model_baseline import (
    baseline_file,
    from_model,
    read_baseline,
    tabulate,
)
from research.estimators.discs.resampling import resample_patients
from research.estimators.discs.states import states_said
from spine.anatomy.grades import Scale
from spine.degeneration.states import judge
from spine.findings import Baseline, Evidence, Grading, ModelReference
from tests.research.estimators.discs.planted import cohort

MODEL = ModelReference("disc-bulging-grade", "1.0.0", "", Evidence.SYNTHETIC, "")


def graded(predictions, probabilities):
    return Gradings(
        predictions.scale, predictions.patient, predictions.level, predictions.fold,
        predictions.baseline, probabilities,
    )  # fmt: skip


def sure(predictions, certainty=1.0):
    """A grading model that has the readers' grade most probable, with one certainty."""
    count = len(predictions.grades)
    one = np.eye(count)[predictions.baseline - predictions.grades[0]]
    rest = (1 - certainty) / (count - 1)
    return graded(predictions, certainty * one + rest * (1 - one))


def disc(baseline, shares):
    found = cohort(Scale.BULGING, patients=1).of(np.arange(5) == 0)
    found.baseline[:] = baseline
    return dataclasses.replace(found, probabilities=np.array([shares]))


def test_a_grader_that_is_sure_and_right_says_what_the_readers_grade_says():
    discs = cohort(Scale.PFIRRMANN, patients=40)

    found = from_model(discs, sure(discs))

    assert np.array_equal(found.states, states_said(discs, model(discs)))
    assert found.answers.chance == pytest.approx(model(discs).chance)


def test_below_a_certainty_of_08_no_state_is_said():
    discs = cohort(Scale.PFIRRMANN, patients=40)

    assert (from_model(discs, sure(discs, 0.79)).states == "undetermined").all()
    assert (from_model(discs, sure(discs, 0.81)).states != "undetermined").mean() > 0.8


@pytest.mark.parametrize("certainty", [0.7, 0.79, 0.8, 0.81, 0.95])
def test_each_state_is_the_one_that_the_service_names(certainty):
    discs = cohort(Scale.BULGING, patients=40)
    grader = sure(discs, certainty)

    found = from_model(discs, grader)

    for place, state in enumerate(found.states):
        shares, grade = discs.probabilities[place], int(discs.baseline[place])
        grading = Grading(Scale.BULGING.classes, tuple(grader.probabilities[place]), MODEL)
        baseline = Baseline(grade, "model", grading=grading)
        assert judge(Scale.BULGING, baseline, shares, int(shares.argmax())).progression == state


def test_the_chance_is_summed_over_the_graders_distribution():
    # From 0: 0.9; from 1: 0.5; from 2: 0.1; from 3: none.
    found = from_model(disc(1, [0.1, 0.4, 0.4, 0.1]), _grader(0.2, 0.5, 0.2, 0.1))

    assert found.answers.chance == pytest.approx([0.2 * 0.9 + 0.5 * 0.5 + 0.2 * 0.1])


def test_two_or_more_is_an_upper_bound_and_never_a_state():
    found = from_model(disc(2, [0.0, 0.1, 0.1, 0.8]), _grader(0.0, 0.1, 0.9))

    assert found.answers.chance == pytest.approx([0.1 * 0.9 + 0.9 * 0.8])
    assert found.states.tolist() == ["undetermined"]


def test_a_prediction_that_contradicts_its_chance_is_undetermined():
    found = from_model(disc(0, [0.4, 0.3, 0.3, 0.0]), _grader(0.95, 0.05, 0.0, 0.0))

    assert found.answers.called.tolist() == [False]
    assert found.answers.chance[0] > 0.5
    assert found.states.tolist() == ["undetermined"]


def test_the_highest_grade_is_not_at_risk():
    found = from_model(disc(3, [0.0, 0.0, 0.2, 0.8]), _grader(0.0, 0.0, 0.05, 0.95))

    assert found.states.tolist() == ["not at risk"]


def test_both_sources_stand_apart():
    discs = cohort(Scale.SCHNEIDERMAN, patients=40)
    resamples = resample_patients(discs.patient, np.random.default_rng(0), 50)
    said = states_said(discs, model(discs))

    table = tabulate(discs, said, from_model(discs, sure(discs, 0.5)), resamples)

    frame = table.frame.set_index("baseline grade by")
    assert frame.at["grading model", "undetermined, %"].startswith("100.0")
    assert frame.at["grading model", "right where said, %"] == "–"
    assert frame.at["grading model", "accuracy"] == frame.at["readers", "accuracy"]
    assert frame.at["readers", "undetermined, %"].startswith("0.0")


def test_gradings_are_matched_by_disc_and_checked_against_the_readers(tmp_path):
    discs = cohort(Scale.BULGING, patients=4)
    lines = ["patient_id,level,fold,grade,p0,p1,p2"]
    lines += [
        f"{discs.patient[row]},{discs.level[row]},{discs.fold[row]},{discs.baseline[row]},0.9,0.1,0"
        for row in reversed(range(len(discs)))
    ]
    path = tmp_path / baseline_file(Scale.BULGING)
    path.write_text("\n".join(lines) + "\n")

    assert np.array_equal(read_baseline(path, discs).level, discs.level)

    discs.baseline[2] = 3
    with pytest.raises(PredictionsError, match="1 discs have another baseline grade"):
        read_baseline(path, discs)
    path.write_text("\n".join(lines[:-2]) + "\n")
    with pytest.raises(PredictionsError, match="2 discs are missing"):
        read_baseline(path, discs)


def _grader(*shares):
    one = disc(0, [0.25] * 4)
    return graded(one, np.array([shares]))
