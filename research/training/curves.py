"""Losses by epoch, as a table and as a picture."""

import csv
from pathlib import Path

from matplotlib.figure import Figure

CURVES_FILE = "curves.csv"
_COLUMNS = ("epoch", "training_loss", "validation_loss", "learning_rate")


def append_curves(run: Path, epoch: int, losses: tuple[float, float], learning_rate: float) -> None:
    """Add an epoch's row: loss on the training and on the validation part."""
    path = run / CURVES_FILE
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(_COLUMNS)
        writer.writerow([epoch, *losses, learning_rate])


def draw_curves(run: Path) -> None:
    """Draw ``curves.png`` from ``curves.csv``."""
    with (run / CURVES_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    for name in ("training_loss", "validation_loss"):
        axes.semilogy([float(row[name]) for row in rows], label=name.replace("_", " "))
    axes.set_xlabel("epoch")
    axes.legend()
    figure.savefig(run / "curves.png", dpi=100)
