"""The sections of the page on spine age: each a heading, its tables and pictures, its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from research.cohort import SubjectRecord
from research.measurements import Data, Measurement
from research.pages import Picture, Section, Table
from research.validation.age.card import beside_card
from research.validation.age.cases import ages, predictions
from research.validation.age.figures import (
    accuracy,
    accuracy_by_bracket,
    bias_line,
    gap_slopes,
    interval_coverage,
)
from research.validation.age.flow import (
    Seen,
    brackets_table,
    flow_table,
    seen_in,
    seen_in_records,
)
from research.validation.age.ideal import beside_oracle
from research.validation.age.pictures import (
    draw_absolute_errors,
    draw_bland_altman,
    draw_gaps,
    draw_predictions,
)
from research.validation.age.predictions import cases_of
from research.validation.age.printed import TABLE_4
from research.validation.age.recovery import bias_recovery
from research.validation.age.redraws import (
    LEAST_POOLED,
    MOST_POOLED,
    POOLED,
    coverage_over_redraws,
    limited,
    pooled_coverage,
)
from research.validation.age.repeats import first_scans, pairs_of, repeatability
from research.validation.age.reported import boosted_reports
from research.validation.age.runs import Run
from research.validation.age.table3 import PRINTED_COLUMNS, table_3, table_3_rows
from research.worlds.age import Part
from spine.age.interval import fit_intervals
from spine.errors import Refusal
from spine.inference.models import AgeIntervals, AgeModel

DATA = Data.SYNTHETIC
_SEED = 6
_ICC = "ICC(1,1) of the gap"
_TABLE_4 = {
    "years between": "years between scans, mean",
    "ICC": _ICC,
    "low": f"{_ICC}, 95 % low",
    "high": f"{_ICC}, 95 % high",
}
_TABLE_4_PRINTED = ("P1 n", "P1 years between", "P1 ICC", "P1 low", "P1 high")
TESTED = (Part.TEST, Part.OTHER_SCANNERS, Part.OTHER_DISEASES)


@dataclass(frozen=True, slots=True)
class Told:
    """A section and the figures that stand in ``validate-age.json``."""

    section: Section
    rows: Sequence[Measurement] = ()


def rows_table(name: str, rows: Sequence[Measurement], caption: str) -> Table:
    """Lay figures out as a table of the page."""
    lines = [
        {
            "figure": row.name,
            "value": row.value,
            "unit": "" if row.unit == "1" else row.unit,
            "n": row.n,
            "target": row.target,
            "direction": "" if row.target is None else f"{row.better} is better",
            "met": row.met,
        }
        for row in rows
    ]
    return Table(name, pd.DataFrame(lines), caption, decimals=4)


def who(run: Run, on_disk: Mapping[Part, Sequence[SubjectRecord]]) -> Told:
    """Tell who was measured; parts that no network is asked about are counted on disk."""
    seen: list[Seen] = seen_in(run.predictions)
    asked = {part for part, *_ in seen}
    for part, records in on_disk.items():
        if part not in asked:
            seen += seen_in_records(part, records)
    text = "P1: 8,491 series for training, 1,051 for validation, 1,069 normal ones for the test."
    parts = (
        text,
        Table("flow", flow_table(seen), "Scans and people of each part.", decimals=1),
        Table(
            "table-1",
            brackets_table(seen),
            "Table 1 and Figure 2: scans by age bracket, part and sex.",
            printed=("P1 normal, M", "P1 normal, F"),
        ),
    )
    return Told(Section("Who was measured", parts))


def how_accurate(run: Run, others: Sequence[Run]) -> Told:
    """Table 3, Figure 4, the bias line, and what is left of age in the gap."""
    line, test = run.line, cases_of(run.predictions, Part.TEST)
    rows = [*bias_line(cases_of(run.predictions, Part.BIAS), DATA)]
    for part in TESTED:
        cases = cases_of(run.predictions, part)
        if cases:
            rows += prefixed(part, accuracy(cases, line, DATA))
            rows += prefixed(part, gap_slopes(cases, line, DATA))
    brackets = accuracy_by_bracket(test, line, DATA)
    caption = "Table 3: the test part. Each run is corrected by the line of its own bias part."
    parts = (
        Table("table-3", table_3(run, others), caption, printed=PRINTED_COLUMNS),
        Picture("ages", draw_predictions(test, line), "Spine age over chronological age"),
        rows_table("accuracy", rows, "Bias line, accuracy, and slope of the gap on age."),
        Picture(
            "figure-4",
            draw_absolute_errors(test, line),
            "Boxes of the absolute error by age bracket and sex",
            "Figure 4: absolute error of the test part by age bracket and sex.",
        ),
        rows_table("brackets", brackets, "The error of each sex in each bracket."),
        Picture("gaps", draw_gaps(test, line), "Corrected gap over chronological age by sex"),
    )
    return Told(Section("How accurate", parts), [*rows, *brackets, *table_3_rows(others, DATA)])


def how_good_it_could_be(run: Run, boosting_subjects: int | None) -> Told:
    """The oracle of the world, and gradient boosting on reports."""
    rows = [
        *beside_oracle(run.predictions, DATA),
        *boosted_reports(run.predictions, DATA, boosting_subjects),
    ]
    text = (
        "The oracle is the posterior mean of age given the exact state of everything rendered; "
        "no network can err less on average. Gradient boosting learns age from the 67 features "
        "of a radiologist's report of the same subjects. All are uncorrected."
    )
    table = rows_table("oracle", rows, "Mean absolute error beside both.")
    return Told(Section("Beside the smallest possible error", (text, table)), rows)


def how_sure(run: Run, model: AgeModel | Refusal) -> Told:
    """The interval: that of the card, pooled on unseen cases, by bracket over redraws."""
    line, calibration = run.line, cases_of(run.predictions, Part.CALIBRATION)
    intervals = fit_intervals(ages(calibration), predictions(calibration, line), "synthetic")
    rows = beside_card(model, line, intervals)
    if intervals is None:
        rows += limited(POOLED, None, DATA, len(calibration), (LEAST_POOLED, MOST_POOLED))
        return Told(Section("How sure", (rows_table("interval", rows, "No interval."),)), rows)
    unseen = [*cases_of(run.predictions, Part.TEST), *first_scans(run.predictions)]
    rows += pooled_coverage(unseen, line, intervals, DATA)
    rng = np.random.default_rng(_SEED)
    rows += coverage_over_redraws([*calibration, *unseen], line, intervals, DATA, rng)
    for part in TESTED:
        cases = cases_of(run.predictions, part)
        rows += prefixed(part, interval_coverage(cases, line, intervals, DATA))
    text = (
        "Unseen cases are the test part and the first scans of people scanned twice, drawn as "
        "the calibration part is. A redraw takes as many cases of a bracket as calibrate it, "
        "out of all of these, and measures on the rest."
    )
    parts = (text, _widths_table(intervals), rows_table("interval", rows, "Coverage."))
    return Told(Section("How sure", parts), rows)


def _widths_table(intervals: AgeIntervals) -> Table:
    lines = [
        {
            "age, years": f"{one.first_years}-{one.last_years}",
            "calibration cases": one.cases,
            "half width, years": one.half_width_years,
        }
        for one in intervals.brackets
    ]
    caption = "Half width of the 90 % interval by age bracket."
    return Table("widths", pd.DataFrame(lines), caption)


def how_stable(run: Run) -> Told:
    """Table 4 and the limits of agreement of people scanned twice."""
    pairs = pairs_of(run.predictions, run.line)
    rows = repeatability(pairs, DATA, np.random.default_rng(_SEED))
    parts: list[str | Table | Picture] = [
        _table_4(rows),
        rows_table("repeats", rows, "Agreement, error of measurement, detectable change."),
    ]
    if pairs:
        alt = "Difference of both gaps over their mean, with the limits of agreement"
        parts.append(Picture("bland-altman", draw_bland_altman(pairs), alt))
    return Told(Section("Scanned twice", parts), rows)


def _table_4(rows: Sequence[Measurement]) -> Table:
    values = {row.name: row for row in rows}
    lines = []
    for group, printed in TABLE_4.items():
        line: dict[str, object] = {"people": group, "n": values[f"{group}: {_ICC}"].n}
        for column, name in _TABLE_4.items():
            found = values.get(f"{group}: {name}")
            line[column] = None if found is None else found.value
        told = (printed.pairs, printed.years_between, printed.icc, printed.low, printed.high)
        lines.append(line | dict(zip(_TABLE_4_PRINTED, told, strict=True)))
    caption = "Table 4: ICC(1,1) of the corrected gap; pairs bootstrapped."
    return Table("table-4", pd.DataFrame(lines), caption, printed=_TABLE_4_PRINTED)


def how_exact(runs: int) -> Told:
    """Recovery of a planted bias line."""
    rows = bias_recovery(np.random.default_rng(_SEED), runs)
    table = rows_table("recovery", rows, "A planted line, without and with noise.")
    return Told(Section("Bias correction", (table,)), rows)


def prefixed(part: Part, rows: Sequence[Measurement]) -> list[Measurement]:
    """Name the part in each row."""
    return [replace(row, name=f"{part.value}, {row.name}") for row in rows]
