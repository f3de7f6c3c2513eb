"""The pictures of P1 that need no image: Figures 6 and 7, and the flow of exclusions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research.estimators.gap_and_age import Interaction
from research.estimators.odds import ConditionOdds, OddsRatio
from research.estimators.terms import Model, Term

_WIDEST = (0.05, 50.0)


@dataclass(frozen=True, slots=True)
class Step:
    """A box of the flow diagram, and what left before it."""

    text: str
    left_out: str = ""


def draw_flow(steps: Sequence[Step]) -> Figure:
    """Draw the boxes from top to bottom, what was left out to the right."""
    figure = Figure(figsize=(8, 1.25 * len(steps)))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(-len(steps) + 0.4, 0.6)
    box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "black"}
    for number, step in enumerate(steps):
        axes.text(0.28, -number, step.text, ha="center", va="center", bbox=box)
        if number:
            _arrow(axes, (0.28, -number + 0.7), (0.28, -number + 0.3))
        if step.left_out:
            middle = -number + 0.5
            axes.text(0.62, middle, step.left_out, ha="left", va="center", fontsize=9, bbox=box)
            _arrow(axes, (0.28, middle), (0.6, middle))
    return figure


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->"})


def draw_odds(lines: Sequence[ConditionOdds]) -> Figure:
    """Draw crude and adjusted odds ratios with their intervals (P1, Figure 6)."""
    figure = Figure(figsize=(8, 0.34 * len(lines) + 1.2), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(lines))[::-1]
    for name, color, lift in (("crude", "black", 0.14), ("adjusted", "steelblue", -0.14)):
        ratios = [getattr(line, name) for line in lines]
        label = "crude" if name == "crude" else "adjusted for sex and age"
        _draw_ratios(axes, places + lift, ratios, color, label)
    axes.axvline(1, color="gray", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(*_WIDEST)
    axes.set_yticks(places, [_named(line.term) for line in lines])
    axes.set_xlabel("odds with a gap over 5 years / odds with a gap below −5 years")  # noqa: RUF001
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _named(term: Term) -> str:
    return f"Lumbar: {term.label}" if term.model is Model.LUMBAR else term.label


def _draw_ratios(
    axes: Axes, places: np.ndarray, ratios: Sequence[OddsRatio], color: str, label: str
) -> None:
    known = np.array([np.isfinite(ratio.value) for ratio in ratios], dtype=bool)
    values = np.array([(r.value, r.low, r.high) for r in ratios]).reshape(-1, 3)[known]
    axes.hlines(places[known], values[:, 1], values[:, 2], color=color, linewidth=1.5)
    axes.plot(values[:, 0], places[known], "o", color=color, markersize=4, label=label)


def draw_interaction(means: pd.DataFrame, found: Interaction, exposure: str) -> Figure:
    """Draw mean gaps by bracket with both lines (P1, Figure 7).

    Parameters
    ----------
    means : `gap_and_age.mean_by_bracket`
    """
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    ages = np.array([25.0, 85.0])
    groups = (
        (True, "firebrick", "demanding work", found.exposed.value),
        (False, "steelblue", "none", found.others.value),
    )
    for does, color, label, slope in groups:
        part = means[means[exposure] == does]
        middle = np.average(part["mean"], weights=part["count"])
        center = np.average(part["bracket"], weights=part["count"])
        axes.plot(ages, middle + slope * (ages - center), color=color, linewidth=1)
        half = 1.96 * part["sem"].fillna(0)
        axes.errorbar(part["bracket"], part["mean"], half, fmt="o", color=color, label=label)
    if ages[0] < found.crossing_years < ages[1]:
        axes.axvline(found.crossing_years, color="gray", linestyle=":", linewidth=1)
    axes.axhline(0, color="gray", linewidth=1)
    axes.set_xlabel("chronological age, years")
    axes.set_ylabel("mean bias-corrected gap, years")
    axes.legend()
    return figure
