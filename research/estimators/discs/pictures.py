"""Calibration pictures and decision curves."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research.estimators.discs.answers import Source
from research.estimators.discs.calibration import calibration_bins
from research.estimators.discs.decisions import THRESHOLDS, net_benefit
from research.estimators.discs.evaluation import Evaluation
from research.estimators.discs.resampling import estimate
from research.pages import Picture

_COLORS = {
    Source.MODEL: "#0550ae",
    Source.BASELINE: "#bc4c00",
    Source.AGE_LEVEL: "#6e7781",
    Source.ALL_BUT_IMAGE: "#8250df",
    Source.ORACLE: "#1a7f37",
}
_MARKERS = dict(zip(_COLORS, "osD^v", strict=True))


def draw_calibration(evaluation: Evaluation) -> Picture:
    """Draw how many discs of about one chance progressed, with intervals, and how many there are.

    Discs of the highest grade, which cannot progress, are left out.
    """
    scale = evaluation.predictions.scale.value
    figure = Figure(figsize=(7, 6))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    upper.plot([0, 1], [0, 1], color="black", linewidth=0.8, label="right")
    for source in _shown(evaluation, (Source.MODEL, Source.BASELINE, Source.ORACLE)):
        _calibrated(upper, evaluation, source)
    chance = evaluation.answer(Source.MODEL).chance[evaluation.predictions.at_risk]
    lower.hist(chance, bins=40, range=(0, 1), color=_COLORS[Source.MODEL])
    upper.set_ylabel("share of discs that progressed")
    upper.legend()
    lower.set_ylabel("discs")
    lower.set_xlabel("chance of progression in five years")
    alt = f"{scale}: share of discs that progressed by their chance; histogram of the chances"
    caption = (
        "Groups of equally many discs by chance, with 95 % patient-bootstrap intervals; below, "
        "how often the model gave each chance."
    )
    return Picture(f"{scale}-calibration", figure, alt, caption)


def draw_decision_curve(evaluation: Evaluation) -> Picture:
    """Draw the net benefit of acting on each answer's chance, beside acting on all and none."""
    truth = evaluation.predictions.progressed
    scale = evaluation.predictions.scale.value
    figure = Figure(figsize=(7, 5))
    axes = figure.subplots()
    everybody = net_benefit(truth, np.ones(len(truth)), evaluation.resamples)[:, 0]
    for source in _shown(evaluation, tuple(_COLORS)):
        _benefit(axes, evaluation, source)
    axes.plot(THRESHOLDS, everybody, "--", color="black", linewidth=0.9, label="all discs")
    axes.axhline(0, color="black", linewidth=0.9, label="no disc")
    axes.set_ylim(-0.05, max(0.02, float(truth.mean())) * 1.1)
    axes.set_xlabel("chance from which on one would act")
    axes.set_ylabel("net benefit, true positives a disc")
    axes.legend(fontsize=8)
    alt = f"{scale}: net benefit over the threshold, for each answer"
    caption = "Decision curve; the band is the model's 95 % patient-bootstrap interval."
    return Picture(f"{scale}-decisions", figure, alt, caption)


def _calibrated(axes: Axes, evaluation: Evaluation, source: Source) -> None:
    at_risk = evaluation.predictions.at_risk
    truth = evaluation.predictions.progressed[at_risk]
    chance = evaluation.answer(source).chance[at_risk]
    bins = calibration_bins(truth, chance, evaluation.resamples.of(at_risk))
    shares = [one.progressed for one in bins]
    reach = [[one.value - one.low for one in shares], [one.high - one.value for one in shares]]
    axes.errorbar(
        [one.chance for one in bins],
        [one.value for one in shares],
        np.clip(np.nan_to_num(reach), 0, None),
        capsize=2,
        color=_COLORS[source],
        marker=_MARKERS[source],
        label=source.value,
    )


def _benefit(axes: Axes, evaluation: Evaluation, source: Source) -> None:
    truth, chance = evaluation.predictions.progressed, evaluation.answer(source).chance
    curves = net_benefit(truth, chance, evaluation.resamples)
    color, marker = _COLORS[source], _MARKERS[source]
    axes.plot(
        THRESHOLDS, curves[:, 0], color=color, marker=marker, markersize=3, label=source.value
    )
    if source is Source.MODEL:
        ends = [estimate(curve) for curve in curves]
        low, high = [one.low for one in ends], [one.high for one in ends]
        axes.fill_between(THRESHOLDS, low, high, color=color, alpha=0.15)


def _shown(evaluation: Evaluation, wanted: Sequence[Source]) -> list[Source]:
    return [source for source in wanted if source in evaluation.sources]
