import numpy as np
import pytest

from research.estimators.discs import answers
from research.estimators.discs.answers import Source
from research.estimators.discs.figures import measure
from research.estimators.discs.resampling import resample_patients
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort, discs_of_joint

pytestmark = pytest.mark.slow

# What P2's printed joint gives without an image: accuracy and F1 of the most frequent
# follow-up grade, best F1 of a rule of the baseline grade, and its AUC.
WITHOUT_IMAGE = {
    Scale.SCHNEIDERMAN: (0.881, 0.915, 0.915, 0.883),
    Scale.BULGING: (0.766, 0.0, 0.433, 0.602),
    Scale.PFIRRMANN: (0.860, 0.024, 0.350, 0.688),
}


def figures(predictions, answer, *wanted):
    resamples = resample_patients(predictions.patient, np.random.default_rng(0), 1)
    found = measure(predictions, answer, resamples, wanted)
    return [found[name].pooled.value for name in wanted]


@pytest.mark.parametrize("scale", Scale)
def test_the_printed_joint_gives_what_needs_no_image(scale):
    discs = discs_of_joint(scale, size=20_000)
    accuracy, f1, best_f1, auc = WITHOUT_IMAGE[scale]

    found = figures(discs, answers.baseline_only(discs), "accuracy", "F1", "AUC")
    best = figures(discs, answers.best_f1_of_baseline(discs), "F1")

    assert found == pytest.approx([accuracy, f1, auc], abs=0.0015)
    assert best == pytest.approx([best_f1], abs=0.0015)


def test_always_and_never_know_the_highest_grade():
    discs = cohort(Scale.PFIRRMANN, patients=100)
    highest = discs.baseline == 5

    always, never = answers.always(discs), answers.never(discs)

    assert highest.any()
    assert np.array_equal(always.called, ~highest)
    assert np.array_equal(always.grade, np.where(highest, 5, discs.baseline + 1))
    assert not never.called.any()
    assert np.array_equal(never.grade, discs.baseline)


def test_the_model_calls_by_its_most_probable_grade_not_by_its_chance():
    discs = cohort(Scale.SCHNEIDERMAN, patients=1).of(np.arange(5) == 0)
    discs.baseline[:] = 0
    discs.probabilities[:] = [0.4, 0.3, 0.3, 0.0]

    found = answers.model(discs)

    assert (found.grade[0], found.called[0]) == (0, False)
    assert found.chance[0] == pytest.approx(0.6)


def test_no_answer_depends_on_the_outcomes_of_its_own_fold():
    """Turn a fold's outcomes over: what is said of that fold stays, elsewhere it changes."""
    discs, turned = (cohort(Scale.PFIRRMANN, patients=60) for _ in range(2))
    inside = turned.fold == 2
    turned.followup[inside] = 6 - turned.followup[inside]

    pairs = zip(answers.without_image(discs), answers.without_image(turned), strict=True)

    for before, after in pairs:
        assert np.array_equal(before.chance[inside], after.chance[inside])
        assert np.array_equal(before.grade[inside], after.grade[inside])
        if before.source not in (Source.ALWAYS, Source.NEVER):
            assert not np.array_equal(before.chance[~inside], after.chance[~inside])


def test_age_and_level_recover_a_planted_dependence_on_them():
    discs = cohort(Scale.BULGING, patients=300)
    discs.baseline[:] = 0
    low = np.isin(discs.level, ["L4/L5", "L5/S1"])
    discs.followup[:] = low & (discs.age_years > 40)

    found = figures(discs, answers.by_age_and_level(discs), "accuracy", "AUC")

    assert found[0] > 0.9
    assert found[1] > 0.97


def test_a_baseline_grade_that_training_never_saw_is_said_to_stay():
    discs = cohort(Scale.BULGING, patients=50)
    discs.baseline[:] = 0
    discs.baseline[0] = 2
    answer = answers.baseline_only(discs)

    assert (answer.grade[0], answer.chance[0]) == (2, 0.0)
