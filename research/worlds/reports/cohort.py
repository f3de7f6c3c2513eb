"""A virtual cohort of reports: drawn, and written with its truth in a file of its own."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.columns import report_columns
from research.estimators.schema import write_reports
from research.worlds.reports.findings import draw_findings
from research.worlds.reports.gaps import draw_gaps, predict
from research.worlds.reports.lifestyle import draw_lifestyle
from research.worlds.reports.people import SERIES, draw_scans
from research.worlds.reports.reporting import report
from research.worlds.reports.settings import World, settings_of

TRUTH_FILE = "truth.csv"
WORLD_FILE = "world.json"
_NOTICE = "synthetic: recovery proves code, not medicine; no clinical performance claim"


@dataclass(frozen=True, slots=True)
class VirtualReports:
    """A drawn cohort.

    Attributes
    ----------
    reports : typed as `research.estimators.schema.read_reports` returns them
    truth : series, planted_class, biological_gap_years, model_error_years; same order
    """

    reports: pd.DataFrame
    truth: pd.DataFrame


def draw_reports(world: World, seed: int, series: int = SERIES) -> VirtualReports:
    """Draw a cohort; the same world, seed and number give the same one."""
    settings = settings_of(world)
    # A stream for each part: worlds that differ in one share all others.
    people, found, lived, aged, told = np.random.default_rng([seed, 8]).spawn(5)
    scans = draw_scans(series, people, abnormals=settings.abnormals)
    person = scans["person"].to_numpy()
    findings, _ = draw_findings(scans, found)
    table = pd.concat([scans, draw_lifestyle(person, lived), findings], axis=1)
    gaps = draw_gaps(table, person, settings, aged)
    said, error = predict(table, gaps, settings, aged)
    names = pd.DataFrame({"series": _names("s", np.arange(series)), "patient": _names("p", person)})
    truth = names[["series"]].assign(
        planted_class=np.where(table["abnormal"], "abnormal", "normal"),
        biological_gap_years=gaps,
        model_error_years=error,
    )
    answers = pd.Series(said, name="predicted_age_years")
    written = pd.concat([names, report(table, settings, told), answers], axis=1)
    return VirtualReports(written[[column.name for column in report_columns()]], truth)


def write_cohort(
    folder: Path,
    world: World,
    seed: int,
    series: int = SERIES,
    ending: str = "csv",
    step: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write ``reports.<ending>``, ``truth.csv`` and ``world.json``; return the first.

    Parameters
    ----------
    step : told what comes next
    """
    step("drawing")
    cohort = draw_reports(world, seed, series)
    step("writing")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"reports.{ending}"
    write_reports(cohort.reports, path)
    cohort.truth.to_csv(folder / TRUTH_FILE, index=False, float_format="%.4f", lineterminator="\n")
    content = {"world": world, "seed": seed, "series": series, "notice": _NOTICE}
    content["settings"] = asdict(settings_of(world))
    (folder / WORLD_FILE).write_text(json.dumps(content, indent=1) + "\n")
    return path


def _names(letter: str, numbers: NDArray[np.int64]) -> list[str]:
    return [f"{letter}{number:07}" for number in numbers]
