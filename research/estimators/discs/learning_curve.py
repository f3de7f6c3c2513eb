"""How many of a site's follow-ups a finetuned model needs."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from research.estimators.discs.answers import model
from research.estimators.discs.figures import SHORT, draws
from research.estimators.discs.predictions import Predictions, predictions_file, read_predictions
from research.estimators.discs.resampling import Estimate, estimate, resample_patients
from research.estimators.discs.wording import style_of, with_interval
from research.pages import Picture, Table
from spine.anatomy.grades import Scale

Curve = dict[Scale, list[tuple[int, dict[str, Estimate]]]]
"""By scale: number of patients learned from, and figures on the patients held out."""


def read_curve(folder: Path, rng: np.random.Generator) -> Curve:
    """Measure every finetuned run below a folder.

    Parameters
    ----------
    folder : of ``<patients>/predictions-<scale>.csv``; ``0`` is the model before finetuning

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    sizes = sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())
    curve: Curve = {}
    for scale in Scale:
        for size in sizes:
            path = folder / str(size) / predictions_file(scale)
            if path.is_file():
                figures = _figures(read_predictions(path, scale), rng)
                curve.setdefault(scale, []).append((size, figures))
    if not curve:
        raise FileNotFoundError(f"{folder.name}: no <patients>/{predictions_file(Scale.BULGING)}")
    return curve


def tabulate(curve: Curve) -> Table:
    """Return the curve as a table."""
    rows = [
        {"scale": scale.value, "patients": size}
        | {
            name: with_interval(figure.value, figure.low, figure.high, style_of(name))
            for name, figure in figures.items()
        }
        for scale, points in curve.items()
        for size, figures in points
    ]
    caption = (
        "Finetuning: figures on patients held out, by number of patients learned from; accuracy "
        "and F1 in percent, 95 % patient-bootstrap intervals."
    )
    return Table("finetuning", pd.DataFrame(rows), caption)


def tabulate_begun(folder: Path) -> list[Table]:
    """Return, where `finetune` wrote it, what training anew gives beside the shipped model."""
    parts = []
    for scale in Scale:
        path = folder / f"learning-curve-{scale.value}.csv"
        if path.is_file():
            own = pd.read_csv(path)
            own.insert(0, "scale", scale.value)
            parts.append(own)
    if not parts:
        return []
    caption = "Begun with the shipped model, or anew; on the same patients held out."
    return [Table("finetuning-begun", pd.concat(parts), caption, decimals=3)]


def draw(curve: Curve) -> Picture:
    """Draw the AUC over the number of patients."""
    figure = Figure(figsize=(7, 4.5))
    axes = figure.subplots()
    for (scale, points), marker in zip(curve.items(), "osD", strict=False):
        found = [figures["AUC"] for _, figures in points]
        values = np.array([one.value for one in found])
        reach = np.abs(np.array([(one.low, one.high) for one in found]) - values[:, None]).T
        sizes = [size for size, _ in points]
        axes.errorbar(sizes, values, np.nan_to_num(reach), marker=marker, capsize=2, label=scale)
    axes.set_xlabel("patients learned from")
    axes.set_ylabel("AUC of progression")
    axes.legend()
    alt = "AUC of progression over the number of patients that a model was finetuned on"
    return Picture("finetuning-curve", figure, alt, "With 95 % patient-bootstrap intervals.")


def _figures(predictions: Predictions, rng: np.random.Generator) -> dict[str, Estimate]:
    resamples = resample_patients(predictions.patient, rng)
    found = draws(predictions, model(predictions), resamples, SHORT)
    return {name: estimate(values) for name, values in found.items()}
