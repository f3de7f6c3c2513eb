"""Figures of the card, on answers made up to know the result."""

import numpy as np

from research.training.discs.figures import figures
from research.training.discs.predictions import Predictions
from spine.anatomy.grades import Scale


def predictions(folds, followup, progress):
    """One disc a patient, all of grade 0 before; progress is the chance of grade 1."""
    progress = np.array(progress)
    nothing = np.zeros((len(progress), 2))
    return Predictions(
        Scale.BULGING,
        patients=np.array([f"p{number}" for number in range(len(progress))]),
        folds=np.array(folds),
        baseline=np.zeros(len(progress), np.int64),
        followup=np.array(followup),
        chances=np.column_stack([1 - progress, progress, nothing]),
    )


def test_patients_held_out_once_have_no_row_of_the_baseline_grade():
    """A rule fitted on nobody would say that every disc stays."""
    found = predictions([0] * 4, [1, 1, 1, 0], [0.9, 0.8, 0.7, 0.1])

    assert dict(figures(found))["progression AUC, network"] == 1
    assert not [name for name, _ in figures(found) if "baseline" in name]


def test_a_baseline_grade_is_answered_from_the_other_folds():
    found = dict(figures(predictions([0, 0, 1, 1], [1, 1, 1, 0], [0.9, 0.8, 0.7, 0.1])))

    # Fold 0 hears 1 of 2 progressed, fold 1 hears both did.
    assert found["progression Brier score, baseline grade alone"] == (0.25 + 0.25 + 0 + 1) / 4


def test_area_is_over_pairs_of_one_fold_as_in_the_report():
    """Each fold's network ranks its own discs rightly, the second on a higher level."""
    found = predictions([0, 0, 0, 1, 1, 1], [1, 0, 0, 1, 1, 0], [0.3, 0.2, 0.1, 0.9, 0.8, 0.7])

    areas = dict(figures(found))

    assert areas["progression AUC, network"] == 1
    # One chance a fold, learned from the other, knows nothing; it is not worse than that.
    assert areas["progression AUC, baseline grade alone"] == 0.5
