"""Everything of P2 on one page: ``python -m research report disc-progression``."""

import time
from pathlib import Path

import pandas as pd

from research.measurements import Measurement, write_measurements
from research.pages import Page
from research.validation.discs.results import Inputs, measure
from research.validation.discs.sections import page_sections

COMMAND = "report-disc-progression"
FIGURES_FILE = "figures.csv"
_TITLE = "Five-year progression of lumbar discs"


def report(inputs: Inputs, build: Path = Path("build")) -> list[Measurement]:
    """Measure, write the page with its tables and pictures, and the figures as JSON.

    Raises
    ------
    PredictionsError
        If a file cannot be used; names the rows.
    FileNotFoundError
        If no scale has predictions.
    """
    start = time.perf_counter()
    results = measure(inputs)
    folder = build / COMMAND
    lead = f"Run {inputs.run.name}; figures of every digit in {FIGURES_FILE} beside this page."
    Page(_TITLE, inputs.data, page_sections(inputs, results), lead).write(folder)
    figures = [evaluation.figures for evaluation in results.evaluations.values()]
    pd.concat(figures).to_csv(folder / FIGURES_FILE, index=False)
    write_measurements(COMMAND, time.perf_counter() - start, results.rows, build)
    return list(results.rows)
