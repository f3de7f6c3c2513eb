"""Sections that only a virtual world has: how often intervals hold, and the targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from research.measurements import Measurement, read_measurements
from research.pages import Section, Table
from research.validation.age.sections import rows_table
from research.validation.spine_age.study import (
    accuracy_rows,
    coverage_rows,
    null_rows,
    terms_table,
)

AGE_FIGURES = "validate-age.json"


@dataclass(frozen=True, slots=True)
class Study:
    """Cohorts that were measured.

    Attributes
    ----------
    measured : of the world, a table each (`virtual.Virtual.measured`)
    null : of the null world, a table each
    clustered : whether clusters told who is normal, and not the planted class
    """

    measured: Sequence[pd.DataFrame]
    null: Sequence[pd.DataFrame]
    clustered: bool = True

    @property
    def held(self) -> list[pd.DataFrame]:
        """What stands about coefficients."""
        return [table.dropna(subset=["term"]) for table in self.measured]

    def rows(self) -> list[Measurement]:
        """Return the targets of the study, missed where it has too few cohorts."""
        classes = [table.dropna(subset=["bracket"]) for table in self.measured]
        how = "" if self.clustered else ", planted classes"
        told = accuracy_rows(classes if self.clustered else [])
        return [*coverage_rows(self.held, how), *null_rows(self.null), *told]


def study_section(study: Study) -> Section:
    """Show by coefficient how often its interval holds the population's."""
    return Section(
        "Study over seeds",
        [
            f"{len(study.measured)} cohorts of this world, {len(study.null)} of the null world, in "
            "which nothing goes with the gap. Off: mean of estimate less population.",
            Table(
                "coverage", terms_table(study.held), "Coefficients over the cohorts.", decimals=3
            ),
        ],
    )


def targets_section(rows: Sequence[Measurement], build: Path) -> Section:
    """Show every target of this report, and the figures of the age validation if measured."""
    parts: list[str | Table] = [rows_table("targets", rows, "Rows of report-spine-age.json.")]
    path = build / AGE_FIGURES
    if path.exists():
        found = read_measurements(path)
        parts.append(rows_table("validate-age", found, "Rows of validate-age.json."))
    else:
        parts.append(
            "The network itself is measured by `python -m research validate age`, which has not "
            "been run here: Table 3's other models, Figure 5 and the heat maps are its."
        )
    return Section("Targets", parts)
