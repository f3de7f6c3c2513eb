from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, roc_auc_score

from research.estimators.discs.faults import PredictionsError
from research.estimators.discs.grading_rules import (
    bulging_by_age_and_level,
    bulging_by_true_pfirrmann,
    leave_one_patient_out,
    pfirrmann_by_age_and_level,
)
from research.estimators.discs.gradings import gradings_file, read_gradings
from research.estimators.discs.real_discs import read_real_discs
from research.estimators.discs.real_gradings import (
    AGE_LEVEL,
    ALL,
    AUC,
    BALANCED,
    FAR,
    KAPPA,
    LUMBAR,
    MODEL,
    TRUE_PFIRRMANN,
    real_gradings,
)
from research.estimators.discs.real_targets import meets_targets
from research.training.discs.predictions import grading_path
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted_real import grade, read_planted, write_planted


def figure(found, scale, row, measure, less="", discs=ALL):
    wanted = (scale, discs, row, less, measure)
    return next(
        one.figure for one in found
        if (one.scale, one.discs, one.row, one.less, one.measure) == wanted
    )  # fmt: skip


def test_tables_of_the_data_set_are_read_without_an_image(tmp_path):
    write_planted(tmp_path)

    found = read_planted(tmp_path)

    assert len(found) == 12 * 6
    assert found.level[:6].tolist() == ["L5/S1", "L4/L5", "L3/L4", "L2/L3", "L1/L2", "T12/L1"]
    assert found.rank[:6].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_good_grader_is_measured_beside_age_and_level(tmp_path):
    write_planted(tmp_path / "data")
    known = read_planted(tmp_path / "data")
    grade(known, tmp_path, right=0.98)

    measured = real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0))
    found = measured.found

    assert measured.unanswered == {Scale.PFIRRMANN: 0, Scale.BULGING: 0}
    gradings = read_gradings(tmp_path / gradings_file(Scale.PFIRRMANN), Scale.PFIRRMANN)
    expected = cohen_kappa_score(gradings.grade, gradings.answer, weights="quadratic")
    kappa = figure(found, Scale.PFIRRMANN, MODEL, KAPPA)
    assert kappa.value == pytest.approx(expected)
    assert kappa.low < kappa.value < kappa.high
    far = np.mean(abs(gradings.grade - gradings.answer) > 1)
    assert figure(found, Scale.PFIRRMANN, MODEL, FAR).value == pytest.approx(far)
    lumbar = gradings.is_lumbar
    assert lumbar.sum() == 60
    expected = cohen_kappa_score(
        gradings.grade[lumbar], gradings.answer[lumbar], weights="quadratic"
    )
    assert figure(found, Scale.PFIRRMANN, MODEL, KAPPA, discs=LUMBAR).value == pytest.approx(
        expected
    )
    difference = figure(found, Scale.PFIRRMANN, MODEL, KAPPA, AGE_LEVEL)
    assert difference.value == pytest.approx(
        kappa.value - figure(found, Scale.PFIRRMANN, AGE_LEVEL, KAPPA).value
    )
    assert difference.low > 0


def test_bulging_is_any_against_none_and_two_or_more_counts(tmp_path):
    write_planted(tmp_path / "data")
    known = read_planted(tmp_path / "data")
    grade(known, tmp_path, right=0.8)

    found = real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0)).found

    gradings = read_gradings(tmp_path / gradings_file(Scale.BULGING), Scale.BULGING)
    truth, chance = gradings.grade >= 1, 1 - gradings.probabilities[:, 0]
    assert set(gradings.grade.tolist()) == {0, 1, 2}
    expected = balanced_accuracy_score(truth, chance >= 0.5)
    assert figure(found, Scale.BULGING, MODEL, BALANCED).value == pytest.approx(expected)
    folds = gradings.fold
    areas = [roc_auc_score(truth[folds == n], chance[folds == n]) for n in range(4)]
    pairs = [(truth & (folds == n)).sum() * (~truth & (folds == n)).sum() for n in range(4)]
    assert figure(found, Scale.BULGING, MODEL, AUC).value == pytest.approx(
        np.average(areas, weights=pairs)
    )
    for less in (AGE_LEVEL, TRUE_PFIRRMANN):
        one = figure(found, Scale.BULGING, MODEL, AUC, less)
        assert one.low <= one.value <= one.high


def test_a_grader_that_repeats_age_and_level_has_no_difference(tmp_path):
    write_planted(tmp_path / "data")
    known = read_planted(tmp_path / "data")
    grade(known, tmp_path, right=0.9)
    path = tmp_path / gradings_file(Scale.BULGING)
    gradings = read_gradings(path, Scale.BULGING)
    places = known.places(gradings.patient, gradings.level)
    chance = bulging_by_age_and_level(known.of(places), gradings.grade >= 1, gradings.fold)
    gradings.probabilities[:] = np.column_stack([1 - chance, chance, np.zeros(len(chance))])
    lines = ["patient_id,level,fold,grade,p0,p1,p2"]
    for row, shares in enumerate(gradings.probabilities):
        cells = (gradings.patient[row], gradings.level[row], gradings.fold[row])
        lines.append(",".join(map(str, (*cells, gradings.grade[row], *shares))))
    path.write_text("\n".join(lines) + "\n")

    found = real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0)).found

    same = figure(found, Scale.BULGING, MODEL, BALANCED, AGE_LEVEL)
    assert (same.value, same.low, same.high) == pytest.approx((0, 0, 0), abs=1e-9)


def test_graded_discs_without_an_answer_are_counted(tmp_path):
    write_planted(tmp_path / "data")
    grade(read_planted(tmp_path / "data"), tmp_path, right=0.9)
    path = tmp_path / gradings_file(Scale.BULGING)
    path.write_text("\n".join(path.read_text().splitlines()[:-3]) + "\n")

    found = real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0))

    assert found.unanswered == {Scale.PFIRRMANN: 0, Scale.BULGING: 3}


@pytest.mark.parametrize(("right", "met"), [(0.98, True), (0.5, False)])
def test_targets_are_met_by_a_good_grader_alone(tmp_path, right, met):
    write_planted(tmp_path / "data")
    grade(read_planted(tmp_path / "data"), tmp_path, right=right)

    found = real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0))

    assert meets_targets(found, Scale.PFIRRMANN) is met
    assert meets_targets(found, Scale.BULGING) is met
    assert not meets_targets(found, Scale.SCHNEIDERMAN)


def test_discs_without_an_answer_count_as_far_off(tmp_path):
    write_planted(tmp_path / "data")
    grade(read_planted(tmp_path / "data"), tmp_path, right=1.0)
    path = tmp_path / gradings_file(Scale.PFIRRMANN)
    lines = path.read_text().splitlines()

    def met(without):
        path.write_text("\n".join(lines[: len(lines) - without]) + "\n")
        found = real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0))
        return meets_targets(found, Scale.PFIRRMANN)

    # Of 72 discs: 2 are 2.8 %, 3 are 4.2 %.
    assert met(2)
    assert not met(3)


def test_without_a_grader_the_rules_stand_alone(tmp_path):
    write_planted(tmp_path)

    measured = real_gradings(tmp_path, tmp_path, np.random.default_rng(0))
    found = measured.found

    assert measured.unanswered == {}
    assert {one.row for one in found} == {AGE_LEVEL, TRUE_PFIRRMANN}
    assert figure(found, Scale.PFIRRMANN, AGE_LEVEL, KAPPA).value > 0.5


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("L5/S1", "C3/C4", "discs that the data set does not have: rows 2"),
        ("L5/S1", "L4/L5", "discs twice: rows 2, 3"),
        ("L5/S1", "foot", "level is not that of a disc: rows 2"),
    ],
)
def test_bad_gradings_are_told_by_row(tmp_path, before, after, told):
    write_planted(tmp_path / "data")
    grade(read_planted(tmp_path / "data"), tmp_path, right=0.9)
    path = tmp_path / gradings_file(Scale.PFIRRMANN)
    path.write_text(path.read_text().replace(before, after, 1))

    with pytest.raises(PredictionsError, match=told):
        real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0))


def test_grades_that_are_not_the_data_sets_are_refused(tmp_path):
    write_planted(tmp_path / "data")
    grade(read_planted(tmp_path / "data"), tmp_path, right=0.9)
    path = tmp_path / gradings_file(Scale.PFIRRMANN)
    lines = [line.split(",") for line in path.read_text().splitlines()]
    place = lines[0].index("grade")
    lines[1][place] = "1" if lines[1][place] != "1" else "2"
    path.write_text("\n".join(map(",".join, lines)) + "\n")

    with pytest.raises(PredictionsError, match=r"another grade than the data set's: rows 2$"):
        real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0))


def test_what_training_wrote_of_its_own_cohort_is_not_of_the_real_patients(tmp_path):
    """`train grading` leaves grading-<scale>.csv in its run."""
    write_planted(tmp_path / "data")
    graded = tmp_path / "graded"
    graded.mkdir()
    grade(read_planted(tmp_path / "data"), graded, right=0.9)
    path = graded / gradings_file(Scale.PFIRRMANN)
    path.replace(grading_path(tmp_path, Scale.PFIRRMANN))

    found = real_gradings(tmp_path, tmp_path / "data", np.random.default_rng(0)).found

    assert MODEL not in {one.row for one in found}


def test_the_real_patients_give_the_figures_that_need_no_image(real_data: Path) -> None:
    """Each patient left out: kappa 0.46; balanced accuracy 0.80, and 0.85 with the grade."""
    discs = read_real_discs(real_data)
    fold = leave_one_patient_out(discs)
    assert len(discs) == 181
    assert np.bincount(discs.pfirrmann)[1:].tolist() == [16, 42, 49, 54, 20]

    grades = pfirrmann_by_age_and_level(discs, fold)
    bulging = discs.bulging >= 1
    chances = [
        rule(discs, bulging, fold) for rule in (bulging_by_age_and_level, bulging_by_true_pfirrmann)
    ]

    assert cohen_kappa_score(discs.pfirrmann, grades, weights="quadratic") == pytest.approx(
        0.46, abs=0.005
    )
    # The first rule tried was off by more than one in 13.8 %; this one comes closer.
    assert 0.08 < np.mean(abs(discs.pfirrmann - grades) > 1) < 0.138
    balanced = [balanced_accuracy_score(bulging, chance >= 0.5) for chance in chances]
    assert balanced == pytest.approx([0.80, 0.85], abs=0.005)
