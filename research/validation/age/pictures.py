"""Pictures beside the figures: ages said, errors by bracket and sex, pairs of scans, far cases."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from research.estimators.agreement import bland_altman
from research.validation.age.cases import AgeCase, ages, by_bracket, by_sex, predictions
from research.validation.age.repeats import RepeatPair, gaps
from spine.imaging.volume import Volume
from spine.inference.models import BiasLine

_BOX_WIDTH = 0.35
_CASES_A_ROW = 5
_SHADES = ("lightsteelblue", "navajowhite", "lightgray")


def draw_absolute_errors(cases: Sequence[AgeCase], line: BiasLine) -> Figure:
    """Draw boxes of the absolute error by age bracket, one for each sex (P1, Figure 4)."""
    figure = Figure(figsize=(8, 4.5))
    axes = figure.subplots()
    names: list[str] = []
    for number, (sex, members) in enumerate(by_sex(cases)):
        brackets = list(by_bracket(members))
        names = [name for name, _ in brackets]
        errors = [np.abs(predictions(inside, line) - ages(inside)) for _, inside in brackets]
        axes.boxplot(
            errors,
            positions=np.arange(len(brackets)) + number * _BOX_WIDTH,
            widths=0.9 * _BOX_WIDTH,
            patch_artist=True,
            boxprops={"facecolor": _SHADES[number % len(_SHADES)]},
            medianprops={"color": "black"},
            label=f"{sex} (n = {len(members)})",
        )
    axes.set_xticks(np.arange(len(names)) + _BOX_WIDTH / 2, names)
    axes.set_xlabel("chronological age, years")
    axes.set_ylabel("absolute error after bias correction, years")
    axes.legend()
    return figure


def draw_predictions(cases: Sequence[AgeCase], line: BiasLine) -> Figure:
    """Draw said over chronological ages, uncorrected and corrected, with the bias line."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    truth = ages(cases)
    ends = np.array([truth.min(), truth.max()])
    for axes, used, name in zip(
        figure.subplots(1, 2, sharey=True),
        (None, line),
        ("uncorrected", "bias-corrected"),
        strict=True,
    ):
        axes.plot(ends, ends, color="black", linewidth=1, label="equal")
        if used is None:
            axes.plot(
                ends,
                line.slope * ends + line.intercept_years,
                "--",
                color="black",
                label="bias line",
            )
        axes.scatter(truth, predictions(cases, used), s=12, color="steelblue")
        axes.set_title(name)
        axes.set_xlabel("chronological age, years")
        axes.legend()
    figure.axes[0].set_ylabel("spine age, years")
    return figure


def draw_gaps(cases: Sequence[AgeCase], line: BiasLine) -> Figure:
    """Draw the corrected gap over chronological age, a color a sex."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="black", linewidth=1)
    for (sex, members), color in zip(by_sex(cases), ("firebrick", "steelblue"), strict=False):
        gap = predictions(members, line) - ages(members)
        axes.scatter(ages(members), gap, s=12, color=color, label=f"{sex} (n = {len(members)})")
    axes.set_xlabel("chronological age, years")
    axes.set_ylabel("bias-corrected gap, years")
    axes.legend()
    return figure


def draw_far_cases(images: Mapping[str, Volume]) -> Figure:
    """Draw the middle slice of each case, anterior to the left, head up; titled as given."""
    rows = -(-len(images) // _CASES_A_ROW)
    figure = Figure(figsize=(2.2 * _CASES_A_ROW, 4.2 * rows), layout="constrained")
    places = figure.subplots(rows, _CASES_A_ROW, squeeze=False).ravel()
    for axes in places:
        axes.set_axis_off()
    for axes, (title, volume) in zip(places, images.items(), strict=False):
        _, anterior, superior = volume.grid.spacing_mm
        # (anterior, superior) -> (row from head to foot, column from anterior to posterior)
        middle = volume.data[volume.data.shape[0] // 2][::-1, ::-1].T
        white = float(np.percentile(middle, 99.5))
        axes.imshow(middle, cmap="gray", vmin=0, vmax=white, aspect=superior / anterior)
        axes.set_title(title, fontsize=8)
    return figure


def draw_bland_altman(pairs: Sequence[RepeatPair]) -> Figure:
    """Draw the difference of two scans over their mean, with the limits of agreement."""
    table = gaps(pairs)
    limits = bland_altman(table)
    figure = Figure(figsize=(6, 4.5))
    axes = figure.subplots()
    axes.scatter(table.mean(axis=1), table[:, 1] - table[:, 0], s=12, color="steelblue")
    for value, name, style in (
        (limits.upper, "upper limit", "--"),
        (limits.mean, "mean", "-"),
        (limits.lower, "lower limit", "--"),
    ):
        axes.axhline(value, color="black", linestyle=style, linewidth=1)
        axes.annotate(
            f"{name} {value:+.1f}",
            (1, value),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
        )
    axes.set_xlabel("mean gap of both scans, years")
    axes.set_ylabel("gap of the second minus the first scan, years")
    axes.set_title(f"{len(pairs)} people scanned twice; limits of agreement 95 %")
    return figure
