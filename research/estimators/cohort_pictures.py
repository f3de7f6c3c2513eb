"""Pictures of the cohort: the plane of every bracket (P1, Figure 3), the parts (Figure 2)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from research.estimators.clustering import Clusters
from research.estimators.splits import Part

_COLORS = ("tab:blue", "tab:orange", "tab:green", "tab:purple", "tab:red", "tab:brown")
_PARTS = {
    Part.TRAINING: "lightsteelblue",
    Part.VALIDATION: "navajowhite",
    Part.TEST: "darkseagreen",
}
_SEXES = {"M": "men", "F": "women"}
_LONGEST_NAME = 90
_DOT = 4


def draw_plane(clusters: Clusters, named: pd.DataFrame) -> Figure:
    """Draw a bracket's reports; clusters over 15 % by name and share, all others as one.

    Parameters
    ----------
    named : of the bracket, from `research.estimators.cluster_names.tabulate_clusters`
    """
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    kept = named[named["normal"]]
    rest = ~clusters.normal
    share = float(rest.mean())
    label = f"other ({share:.0%})"
    x, y = clusters.plane.T
    axes.scatter(x[rest], y[rest], s=_DOT, linewidths=0, color="silver", label=label)
    for number, row in enumerate(kept.itertuples()):
        inside = clusters.labels == row.cluster
        label = f"{str(row.name)[:_LONGEST_NAME]} ({row.share:.0%})"
        color = _COLORS[number % len(_COLORS)]
        axes.scatter(x[inside], y[inside], s=_DOT, linewidths=0, color=color, label=label)
    axes.set_title(f"{clusters.bracket}-year bracket, {len(rest)} series")
    axes.set_xlabel("UMAP 1")
    axes.set_ylabel("UMAP 2")
    figure.legend(loc="outside lower center", markerscale=4, fontsize=8)
    return figure


def draw_parts(parts: pd.DataFrame) -> Figure:
    """Draw how many series of each bracket train, validate and test, men beside women.

    Parameters
    ----------
    parts : from `research.estimators.splits.tabulate_parts`
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, (sex, name) in zip(figure.subplots(1, 2, sharey=True), _SEXES.items(), strict=True):
        rows = parts[parts["sex"] == sex]
        below = np.zeros(len(rows))
        for part, color in _PARTS.items():
            counts = rows[part.value].to_numpy(dtype=np.float64)
            ages = rows["bracket"].astype(str)
            axes.bar(ages, counts, bottom=below, color=color, label=part.value)
            below += counts
        axes.set_title(name)
        axes.set_xlabel("age bracket")
    figure.axes[0].set_ylabel("normal series")
    figure.axes[0].legend()
    return figure
