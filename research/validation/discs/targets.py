"""The issue's targets as rows of ``build/report-disc-progression.json``."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from research.estimators.discs.evaluation import ALL as EVERYBODY
from research.estimators.discs.evaluation import Evaluation
from research.estimators.discs.joint import Fit
from research.estimators.discs.published import PUBLISHED, Published
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
    Found,
    RealGradings,
)
from research.estimators.discs.real_targets import LEAST_KAPPA, MOST_FAR
from research.estimators.discs.resampling import Estimate, Floats
from research.measurements import Data, Measurement
from research.validation.discs.oracle import Skill
from research.worlds.progression.joints import population_joint
from spine.anatomy.grades import Scale

LEAST_SKILL = 0.5
LEAST_P = 0.01
MOST_POINTS = 0.2
_NOTHING = Estimate(float("nan"), float("nan"), float("nan"))
_MEASURES = ("accuracy", "F1", "AUC", "Brier")


def skill_rows(skills: Mapping[Scale, Skill], sizes: Mapping[Scale, int]) -> list[Measurement]:
    """Return skill and its lower bound, in AUC and Brier score, of every scale."""
    rows = []
    for scale in Scale:
        n, data = sizes.get(scale, 0), Data.SYNTHETIC
        found = skills.get(scale, Skill(_NOTHING, _NOTHING))
        for measure, figure in (("AUC", found.auc), ("Brier score", found.brier)):
            name = f"{scale.value}: (model - baseline grade)/(oracle - baseline grade), {measure}"
            rows += [
                _row(name, figure.value, data, n, LEAST_SKILL),
                _row(f"{name}, 95 % low", figure.low, data, n, 0.0),
                _row(f"{name}, 95 % high", figure.high, data, n),
            ]
    return rows


def joint_rows(fits: Mapping[Scale, Fit], sizes: Mapping[Scale, int]) -> list[Measurement]:
    """Return whether a virtual cohort's grades could come from P2's population."""
    return [
        _row(
            f"{scale.value}: grades against Tables 2 and 3, p",
            fits[scale].p if scale in fits else float("nan"),
            Data.SYNTHETIC,
            sizes.get(scale, 0),
            LEAST_P,
        )
        for scale in Scale
    ]


def population_rows() -> list[Measurement]:
    """Return how far the population that virtual cohorts are drawn from is from Tables 2 and 3."""
    rows = []
    for scale in Scale:
        value = largest_difference_points(population_joint(scale), PUBLISHED[scale])
        name = f"{scale.value}: population against Tables 2 and 3, largest difference"
        rows.append(Measurement(name, value, "points", Data.SYNTHETIC, 0, MOST_POINTS, "lower"))
    return rows


def largest_difference_points(joint: Floats, printed: Published) -> float:
    """Return the largest difference of any share of Tables 2 and 3, in percent.

    Parameters
    ----------
    joint : shares of (baseline, follow-up), sum 1
    """
    followup = joint.sum(axis=0)
    pairs = (
        (joint.sum(axis=1), printed.baseline),
        (followup, printed.followup),
        ((joint / followup).T, printed.baseline_of_followup),
    )
    return max(float(np.abs(100 * np.asarray(own) - np.array(told)).max()) for own, told in pairs)


def figure_rows(evaluations: Mapping[Scale, Evaluation], data: Data) -> list[Measurement]:
    """Return the main figures of every answer, without targets."""
    rows = []
    for scale, evaluation in evaluations.items():
        pooled = evaluation.figures[evaluation.figures["grouping"] == EVERYBODY]
        figures = pooled.set_index(["row", "measure"])
        for source in evaluation.sources:
            for measure in _MEASURES:
                figure = figures.loc[(source.value, measure)]
                name = f"{scale.value}: {measure}, {source.value}"
                rows.append(_row(name, figure["value"], data, int(figure["discs"])))
    return rows


def real_rows(gradings: RealGradings) -> list[Measurement]:
    """Return the figures of the grading models on real patients; a missing one misses."""
    return [
        *(_unanswered(gradings, scale) for scale in (Scale.PFIRRMANN, Scale.BULGING)),
        *_pfirrmann(gradings.found),
        *_bulging(gradings.found),
    ]


def _unanswered(gradings: RealGradings, scale: Scale) -> Measurement:
    n = max((one.n for one in gradings.found if one.scale is scale), default=0)
    count = gradings.unanswered.get(scale)
    value = None if count is None else float(count)
    name = f"real {scale.value}: graded discs without an answer"
    return Measurement(name, value, "discs", Data.REAL, n, 0.0, "lower")


def _pfirrmann(found: Sequence[Found]) -> list[Measurement]:
    rows = []
    for discs in (ALL, LUMBAR):
        kappa, far = (LEAST_KAPPA, MOST_FAR) if discs == ALL else (None, None)
        for row in (MODEL, AGE_LEVEL):
            is_model = row == MODEL
            for measure, target in ((KAPPA, kappa), (FAR, far)):
                figure, n = _find(found, (Scale.PFIRRMANN, discs, row, "", measure))
                name = f"real pfirrmann, {discs}, {row}: {measure}"
                better: Literal["higher", "lower"] = "lower" if measure == FAR else "higher"
                rows.append(
                    Measurement(
                        name, _number(figure.value), "1", Data.REAL, n,
                        target if is_model else None, better,
                    )
                )  # fmt: skip
                rows += _ends(name, figure, n) if is_model else []
    return rows


def _bulging(found: Sequence[Found]) -> list[Measurement]:
    rows = []
    for measure in (AUC, BALANCED):
        for row in (MODEL, AGE_LEVEL, TRUE_PFIRRMANN):
            figure, n = _find(found, (Scale.BULGING, ALL, row, "", measure))
            rows.append(_row(f"real bulging, {row}: {measure}", figure.value, Data.REAL, n))
        for less in (AGE_LEVEL, TRUE_PFIRRMANN):
            figure, n = _find(found, (Scale.BULGING, ALL, MODEL, less, measure))
            name = f"real bulging: {measure} of the model less that of {less}"
            rows.append(_row(name, figure.value, Data.REAL, n, 0.0))
            rows += _ends(name, figure, n)
    return rows


def _ends(name: str, figure: Estimate, n: int) -> list[Measurement]:
    ends = (("low", figure.low), ("high", figure.high))
    return [_row(f"{name}, 95 % {end}", value, Data.REAL, n) for end, value in ends]


def _find(found: Sequence[Found], wanted: tuple[Scale, str, str, str, str]) -> tuple[Estimate, int]:
    """Return figure and n by scale, discs, row, subtracted row and measure."""
    for one in found:
        if (one.scale, one.discs, one.row, one.less, one.measure) == wanted:
            return one.figure, one.n
    return _NOTHING, 0


def _row(name: str, value: float, data: Data, n: int, target: float | None = None) -> Measurement:
    return Measurement(name, _number(value), "1", data, n, target)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
