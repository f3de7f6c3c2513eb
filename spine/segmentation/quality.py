"""How far a segmentation can be trusted: count, order, gaps, sizes, borders, mirrored pass.

A doubt is printed and withholds nothing. What cannot be right withholds the discs that it
touches, and never another; what cannot be right of the whole withholds age and discs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.geometry import SpineGeometry
from spine.anatomy.labels import DISC_BY_LABEL, DISC_LABELS, LEVEL_BY_LABEL
from spine.anatomy.levels import DiscLevel, Level
from spine.errors import Caution, Code, Refusal
from spine.findings import STUDY, Quality
from spine.imaging.volume import Grid, LabelMap
from spine.segmentation.labeling import Row
from spine.segmentation.limits import QualitySettings, SizeSettings, Verdict
from spine.segmentation.plausibility import Judgment, judge_scale, judge_sizes

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Background:
    """What is known beside the masks.

    Attributes
    ----------
    age_years : chronological; None where it is not known
    disagreement : by label value, 1 - Dice between the labels of the plain pass and of one
        through the mirrored volume; None where no mirrored pass was made
    """

    age_years: float | None = None
    disagreement: Mapping[int, float] | None = None


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Something wrong with one level or, where `level` is None, with the study."""

    level: Level | DiscLevel | None
    verdict: Verdict
    code: Code
    reason: str


def assess(
    row: Row,
    labels: LabelMap,
    geometry: SpineGeometry,
    settings: QualitySettings,
    background: Background,
) -> Quality:
    """Judge a named row of vertebrae and what was measured on it.

    Parameters
    ----------
    row : head to foot
    labels : values of `spine.anatomy.labels`, canonical orientation
    """
    mean = _mean_disagreement(background.disagreement)
    shares = _border_shares(labels)
    whole = _within_view(geometry, shares)
    doubts = [
        *_gaps(row, settings),
        *_order(geometry),
        *_borders(shares, settings),
        *_sizes(whole, labels.grid, settings.sizes, background.age_years),
        *_disagreements(background.disagreement, mean, settings),
    ]
    doubts += _too_many(doubts, geometry, settings)
    told = [Caution(doubt.code, doubt.reason) for doubt in doubts if _is_told(doubt)]
    cautions = [*_uncertain(row), *told, *_unmeasured(whole)]
    refusals = [
        Refusal(doubt.code, doubt.reason, subject)
        for doubt in doubts
        if doubt.verdict is Verdict.IMPLAUSIBLE
        for subject in _subjects(doubt.level, geometry)
    ]
    return Quality(
        len(row.levels),
        row.is_certain,
        tuple(dict.fromkeys(cautions)),
        _first_of_each(refusals),
        mean,
    )


def _is_told(doubt: _Doubt) -> bool:
    """Whether a doubt is printed: a refused lumbar disc or study is told in its own place."""
    if doubt.verdict is not Verdict.IMPLAUSIBLE:
        return True
    has_result = isinstance(doubt.level, DiscLevel) and doubt.level.is_lumbar
    return doubt.level is not None and not has_result


def _subjects(level: Level | DiscLevel | None, geometry: SpineGeometry) -> list[str]:
    """Return what is withheld: the study, the disc, or the discs on both sides of a vertebra."""
    if level is None:
        return [STUDY]
    if isinstance(level, DiscLevel):
        return [level.value]
    beside = [disc.level for disc in geometry.discs]
    return [disc.value for disc in beside if level in (disc.above, disc.below)]


def _first_of_each(refusals: list[Refusal]) -> tuple[Refusal, ...]:
    """Keep the first reason of each subject, in order."""
    first: dict[str, Refusal] = {}
    for refusal in refusals:
        first.setdefault(refusal.subject, refusal)
    return tuple(first.values())


def _uncertain(row: Row) -> list[Caution]:
    if row.is_certain:
        return []
    if row.anchors.axis_above or row.anchors.sacrum_below:
        reason = "The number of vertebrae leaves more than one naming of the levels possible."
    else:
        reason = "Neither the sacrum nor C2 is in view; the names of the levels are a guess."
    return [Caution(Code.LEVEL_UNCERTAIN, reason)]


def _within_view(geometry: SpineGeometry, shares: Shares) -> SpineGeometry:
    """Leave out discs that the field of view cuts: their sizes say nothing."""
    discs = tuple(disc for disc in geometry.discs if shares[DISC_LABELS[disc.level]] == 0)
    return replace(geometry, discs=discs)


def _gaps(row: Row, settings: QualitySettings) -> Iterator[_Doubt]:
    for at, count in row.gaps:
        reason = (
            f"Below {row.levels[at]}, {count} vertebra{'e' if count > 1 else ''} "
            "could not be found."
        )
        # The level beside a gap stays; its name is uncertain, which withholds the discs.
        yield _Doubt(row.levels[at], Verdict.DOUBTFUL, Code.LEVEL_GAP, reason)
    missing = sum(count for _, count in row.gaps)
    if missing > settings.most_missing:
        reason = f"{missing} vertebrae could not be found between those that were."
        yield _Doubt(None, Verdict.IMPLAUSIBLE, Code.LEVEL_GAP, reason)


def _order(geometry: SpineGeometry) -> Iterator[_Doubt]:
    """Hold places against names: vertebrae descend, and a disc lies between its neighbors."""
    heights = {vertebra.level: vertebra.center[2] for vertebra in geometry.vertebrae}
    for above, below in pairwise(geometry.vertebrae):
        if heights[above.level] <= heights[below.level]:
            reason = f"The vertebra {below.level} was found above {above.level}."
            yield _Doubt(None, Verdict.IMPLAUSIBLE, Code.LEVEL_ORDER, reason)
    for disc in geometry.discs:
        upper = heights.get(disc.level.above, np.inf)
        lower = heights.get(disc.level.below, -np.inf)
        if not lower < disc.frame.center[2] < upper:
            reason = f"The disc {disc.level} was not found between its vertebrae."
            yield _Doubt(disc.level, Verdict.IMPLAUSIBLE, Code.LEVEL_ORDER, reason)


def _borders(shares: Shares, settings: QualitySettings) -> Iterator[_Doubt]:
    """Find discs that the field of view cuts in front, behind, above or below.

    Sideways every stack of sagittal slices cuts them, which is no fault.
    """
    for level, value in DISC_LABELS.items():
        verdict = settings.border_share.verdict(float(shares[value]))
        if verdict is not Verdict.PLAUSIBLE:
            reason = f"The field of view cuts the disc {level}."
            yield _Doubt(level, verdict, Code.MASK_TOUCHES_BORDER, reason)


def _border_shares(labels: LabelMap) -> Shares:
    """Return by label value the share of its voxels on the first or last row or column."""
    edges = [labels.data[:, 0], labels.data[:, -1], labels.data[..., 0], labels.data[..., -1]]
    on_edge = np.bincount(np.concatenate([edge.ravel() for edge in edges]), minlength=256)
    sizes = np.bincount(labels.data.ravel(), minlength=256)
    return np.asarray(on_edge / np.maximum(1, sizes), dtype=np.float64)


def _sizes(
    geometry: SpineGeometry, grid: Grid, settings: SizeSettings, age_years: float | None
) -> Iterator[_Doubt]:
    """Judge sizes; of one level only the worst is told."""
    shown_mm = grid.shape[0] * grid.spacing_mm[0]
    worst: dict[Level | DiscLevel, Judgment] = {}
    for item in judge_sizes(geometry, shown_mm, settings, age_years):
        if item.level not in worst or item.verdict > worst[item.level].verdict:
            worst[item.level] = item
    for item in worst.values():
        yield _Doubt(item.level, item.verdict, Code.SIZE_IMPLAUSIBLE, item.reason)
    verdict, reason = judge_scale(geometry, settings, age_years)
    if verdict is not Verdict.PLAUSIBLE:
        yield _Doubt(None, verdict, Code.SIZE_IMPLAUSIBLE, reason)


def _unmeasured(geometry: SpineGeometry) -> list[Caution]:
    """Name the levels whose midsagittal section is not in view or could not be measured."""
    bodies = [v.level for v in geometry.vertebrae if v.shape is None and v.level is not Level.C2]
    discs = [disc.level for disc in geometry.discs if disc.shape is None]
    if not bodies and not discs:
        return []
    levels = ", ".join(level.value for level in (*bodies, *discs))
    return [Caution(Code.LEVEL_NOT_MEASURED, f"Not measured in the midsagittal plane: {levels}.")]


def _disagreements(
    by_value: Mapping[int, float] | None, mean: float | None, settings: QualitySettings
) -> Iterator[_Doubt]:
    """Compare the plain with the mirrored pass, level by level and over all levels."""
    for value, share in (by_value or {}).items():
        level = LEVEL_BY_LABEL.get(value, DISC_BY_LABEL.get(value))
        verdict = settings.disagreement.verdict(share)
        if level is not None and verdict is not Verdict.PLAUSIBLE:
            reason = f"A mirrored pass finds {level} elsewhere: {share:.0%} of it disagree."
            yield _Doubt(level, verdict, Code.MIRROR_DISAGREEMENT, reason)
    if mean is None:
        return
    verdict = settings.mean_disagreement.verdict(mean)
    if verdict is not Verdict.PLAUSIBLE:
        reason = f"A mirrored pass finds another spine: {mean:.0%} of the levels disagree."
        yield _Doubt(None, verdict, Code.MIRROR_DISAGREEMENT, reason)


def _mean_disagreement(by_value: Mapping[int, float] | None) -> float | None:
    """Return the mean over vertebrae and discs; None without any."""
    shares = [
        share
        for value, share in (by_value or {}).items()
        if value in LEVEL_BY_LABEL or value in DISC_BY_LABEL
    ]
    return float(np.mean(shares)) if shares else None


def _too_many(
    doubts: list[_Doubt], geometry: SpineGeometry, settings: QualitySettings
) -> list[_Doubt]:
    """Refuse the study where too many of its levels cannot be right."""
    wrong = {
        doubt.level
        for doubt in doubts
        if doubt.level is not None and doubt.verdict is Verdict.IMPLAUSIBLE
    }
    found = len(geometry.vertebrae) + len(geometry.discs)
    if len(wrong) < max(settings.least_implausible, settings.most_implausible * found):
        return []
    reason = f"{len(wrong)} of {found} vertebrae and discs cannot be right."
    return [_Doubt(None, Verdict.IMPLAUSIBLE, Code.SEGMENTATION_IMPLAUSIBLE, reason)]
