"""Grading models on real patients, out of fold, beside what age and level tell (issue targets)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.discs.columns import Floats, Integers
from research.estimators.discs.counts import (
    confusion,
    kappa,
    outcomes,
    share_off_by_more_than_one,
)
from research.estimators.discs.discrimination import area_under_curve
from research.estimators.discs.faults import refuse
from research.estimators.discs.grading_rules import (
    bulging_by_age_and_level,
    bulging_by_true_pfirrmann,
    leave_one_patient_out,
    pfirrmann_by_age_and_level,
)
from research.estimators.discs.gradings import (
    Gradings,
    gradings_file,
    read_gradings,
    require_known,
)
from research.estimators.discs.real_discs import RealDiscs, read_real_discs
from research.estimators.discs.resampling import Estimate, Resamples, estimate, resample_patients
from research.estimators.discs.wording import PERCENT, PLAIN, Style, with_interval
from spine.anatomy.grades import Scale

MODEL = "grading model"
AGE_LEVEL = "age + level"
TRUE_PFIRRMANN = "age + level + true Pfirrmann grade"
KAPPA = "kappa, quadratic"
FAR = "off by more than one"
AUC = "AUC"
BALANCED = "balanced accuracy"
ALL, LUMBAR = "all discs", "below lumbar vertebrae"
_STYLES: Mapping[str, Style] = {KAPPA: PLAIN, FAR: PERCENT, AUC: PLAIN, BALANCED: PERCENT}


@dataclass(frozen=True, slots=True)
class Found:
    """One measure of one row, or of the difference of two.

    Attributes
    ----------
    less : the row that is subtracted, of the same draws; empty for the row itself
    """

    scale: Scale
    discs: str
    row: str
    less: str
    measure: str
    figure: Estimate
    n: int


@dataclass(frozen=True, slots=True)
class RealGradings:
    """Everything that was measured on the real patients.

    Attributes
    ----------
    unanswered : graded discs of the data set that a scale's file lacks; a scale without a file
        is absent
    """

    found: Sequence[Found] = ()
    unanswered: Mapping[Scale, int] = field(default_factory=dict)


def real_gradings(run: Path, data: Path, rng: np.random.Generator) -> RealGradings:
    """Measure the gradings in a run's folder, and the rules on the same folds.

    A scale without a file has the rules alone, each patient left out in turn.

    Raises
    ------
    PredictionsError
        Naming the rows of discs that the data set does not have or grades otherwise, or of other
        bad input.
    """
    known = read_real_discs(data)
    found: list[Found] = []
    unanswered = {}
    for scale, measure in ((Scale.PFIRRMANN, _pfirrmann), (Scale.BULGING, _bulging)):
        path = run / gradings_file(scale)
        if path.is_file():
            gradings = read_gradings(path, scale)
            places = known.places(gradings.patient, gradings.level)
            require_known(path, gradings, places >= 0)
            asked = known.of(places)
            refuse(path, "another grade than the data set's", ~asked.agree(scale, gradings.grade))
            found += measure(gradings, asked, rng)
            unanswered[scale] = len(known) - len(gradings)
        else:
            found += measure(_without_model(scale, known), known, rng)
    return RealGradings(found, unanswered)


def tabulate(found: Sequence[Found], scale: Scale) -> pd.DataFrame:
    """Lay one scale's figures out, a row a line; differences below."""
    own = [one for one in found if one.scale is scale]
    lines = dict.fromkeys((one.discs, one.row, one.less, one.n) for one in own)
    return pd.DataFrame(
        [
            {
                "discs": discs,
                "n": n,
                "row": f"{row} less {less}" if less else row,
                **{
                    one.measure: with_interval(
                        one.figure.value, one.figure.low, one.figure.high, _STYLES[one.measure]
                    )
                    for one in own
                    if (one.discs, one.row, one.less) == (discs, row, less)
                },
            }
            for discs, row, less, n in lines
        ]
    )


def _without_model(scale: Scale, known: RealDiscs) -> Gradings:
    nothing = np.zeros((len(known), 0))
    fold = leave_one_patient_out(known)
    return Gradings(scale, known.patient, known.level, fold, known.grade(scale), nothing)


def _pfirrmann(gradings: Gradings, discs: RealDiscs, rng: np.random.Generator) -> list[Found]:
    answers = {AGE_LEVEL: pfirrmann_by_age_and_level(discs, gradings.fold)}
    if gradings.probabilities.size:
        answers = {MODEL: gradings.answer} | answers
    resamples = resample_patients(gradings.patient, rng)
    everywhere = np.ones(len(gradings), dtype=bool)
    found = []
    for name, members in ((ALL, everywhere), (LUMBAR, gradings.is_lumbar)):
        figures = {
            row: _grade_figures(gradings.grade[members], answer[members], resamples.of(members))
            for row, answer in answers.items()
        }
        found += _with_differences(gradings.scale, name, figures, int(members.sum()))
    return found


def _grade_figures(truth: Integers, answer: Integers, resamples: Resamples) -> dict[str, Floats]:
    table = confusion(truth, answer, np.arange(1, 6), resamples)
    return {KAPPA: kappa(table, quadratic=True), FAR: share_off_by_more_than_one(table)}


def _bulging(gradings: Gradings, discs: RealDiscs, rng: np.random.Generator) -> list[Found]:
    """Any bulging or more against none, as the real labels have it."""
    truth = gradings.grade >= 1
    chances = {
        AGE_LEVEL: bulging_by_age_and_level(discs, truth, gradings.fold),
        TRUE_PFIRRMANN: bulging_by_true_pfirrmann(discs, truth, gradings.fold),
    }
    if gradings.probabilities.size:
        chances = {MODEL: 1 - gradings.probabilities[:, 0]} | chances
    resamples = resample_patients(gradings.patient, rng)
    figures = {
        row: _chance_figures(truth, chance, gradings.fold, resamples)
        for row, chance in chances.items()
    }
    return _with_differences(gradings.scale, ALL, figures, len(gradings))


def _chance_figures(
    truth: NDArray[np.bool_], chance: Floats, fold: Integers, resamples: Resamples
) -> dict[str, Floats]:
    return {
        AUC: area_under_curve(truth, chance, fold, resamples),
        BALANCED: outcomes(truth, chance >= 0.5, resamples).balanced_accuracy,
    }


def _with_differences(
    scale: Scale, discs: str, figures: Mapping[str, Mapping[str, Floats]], n: int
) -> list[Found]:
    found = [
        Found(scale, discs, row, "", measure, estimate(values), n)
        for row, measures in figures.items()
        for measure, values in measures.items()
    ]
    if MODEL in figures:
        found += [
            Found(scale, discs, MODEL, row, m, estimate(figures[MODEL][m] - values), n)
            for row, measures in figures.items()
            if row != MODEL
            for m, values in measures.items()
        ]
    return found
