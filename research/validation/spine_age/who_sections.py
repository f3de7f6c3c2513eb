"""Sections on who was scanned, who was left out, and which part each series is in."""

import pandas as pd

from research.estimators.cohort_pictures import draw_parts
from research.estimators.normal_cohort import brackets_of
from research.estimators.splits import Part, tabulate_parts
from research.pages import Picture, Section, Table
from research.validation.age.printed import SPLIT_SERIES
from research.validation.spine_age.context import Context
from research.validation.spine_age.pictures import Step, draw_flow
from research.validation.spine_age.tables import classes_table, shares_table

_MOST_REASONS = 4
_PRINTED_SHARE = "P1 abnormal, %"


def flow_section(context: Context) -> Section:
    """Show how many rows, series and people remain at each step."""
    steps = flow_steps(context)
    lines = [
        {"step": step.text.replace("\n", " "), "left out before": step.left_out.replace("\n", "; ")}
        for step in steps
    ]
    alt = "Flow of series: " + "; ".join(str(line["step"]) for line in lines)
    parts: list[str | Table | Picture] = [
        Picture("flow", draw_flow(steps), alt, "Rows, series and people at each step.", "svg"),
        Table("flow-table", pd.DataFrame(lines), "The same in words."),
    ]
    aside = context.reports.set_aside
    if len(aside):
        caption = "Rows that were set aside; a row can have several faults. The header is row 1."
        counts = aside.groupby(["fault", "column"]).agg(rows=("row", "nunique")).reset_index()
        parts += [
            Table("set-aside-by-fault", counts, "Rows set aside, by fault and column."),
            Table("set-aside", aside.head(1000), caption),
        ]
    if context.reports.omitted:
        named = ", ".join(context.reports.omitted)
        parts.append(f"Columns that the table does not have, and what hangs on them: {named}.")
    return Section("Flow of series", parts)


def flow_steps(context: Context) -> list[Step]:
    """Return the boxes of the flow diagram."""
    table, reports = context.table, context.reports
    abnormal = int((~table["normal"]).sum())
    beside = int((table["normal"] & context.part(Part.ABNORMAL)).sum())
    training, validation, test = (int(context.part(name).sum()) for name in SPLIT_SERIES)
    full = int(table["full_test"].sum())
    steps = [
        Step(f"{reports.rows:,} rows in the table"),
        Step(_series(reports.table), _reasons(reports.set_aside)),
        Step(_series(table), _undecided(context)),
        Step(
            f"{len(table) - abnormal:,} normal series",
            f"{abnormal:,} abnormal series: full-test set",
        ),
        Step(
            f"training {training:,}, validation {validation:,}, test {test:,}",
            f"{beside:,} normal series of people with an abnormal one: full-test set",
        ),
        Step(f"full-test set: {full:,} series"),
    ]
    if context.statistics is not None:
        used, unpredicted = context.statistics.table, context.statistics.unpredicted
        text = f"in the associations: {len(used):,} series of {used['patient'].nunique():,} people"
        steps.append(Step(text, f"{unpredicted:,} series without a predicted age"))
    return steps


def who_section(context: Context) -> Section:
    """Show Table 1, the shares of abnormal series, places and years."""
    table = context.table
    first, last = (
        f"{day:%Y-%m-%d}" for day in (table["scan_date"].min(), table["scan_date"].max())
    )
    year = table["scan_date"].dt.strftime("%Y").rename("year")
    years = pd.crosstab(year, table["sex"]).reset_index()
    return Section(
        "Who was scanned",
        [
            f"Scans from {first} to {last}; P1's are from 2011 to 2024.",
            _counts(table),
            Table(
                "table-1",
                classes_table(table),
                "Table 1. Normal and abnormal series by age bracket and sex.",
                ("P1 normal", "P1 abnormal"),
            ),
            Table("years", years, "Series by year of the scan and sex."),
            Table("unknown", _unknown(table), "Answers that are not known, by column."),
        ],
    )


def _counts(table: pd.DataFrame) -> Table:
    counts = {
        "series": len(table),
        "people": table["patient"].nunique(),
        "people with more than one series": int((table["patient"].value_counts() > 1).sum()),
        "clinics": table["clinic"].nunique(),
        "scanners": table["scanner"].nunique(),
    }
    p1 = {"series": 18_070, "people": 17_394, "clinics": 10, "scanners": 19}
    lines = pd.DataFrame([(k, v, p1.get(k)) for k, v in counts.items()], columns=["of", "n", "P1"])
    return Table("counts", lines.astype({"P1": "Int64"}), "Series and people.", ("P1",))


def shares_table_of(context: Context) -> Table:
    """Return the shares of abnormal series; P1's text and table disagree."""
    caption = (
        "Share of abnormal series. P1's text says 32 to 54 %, its Table 1 gives the shaded column."
    )
    shares = shares_table(context.table)
    return Table("shares-abnormal", shares, caption, (_PRINTED_SHARE,), decimals=1)


def parts_section(context: Context) -> Section:
    """Show Figure 2 and the sizes of the parts."""
    table = context.table
    normal = table[context.part(*SPLIT_SERIES)]
    total = len(normal)
    lines: list[tuple[object, ...]] = [
        (name, len(part), part["patient"].nunique(), 100 * len(part) / max(total, 1), printed)
        for name, printed in SPLIT_SERIES.items()
        for part in [normal[normal["part"] == name]]
    ]
    full = table[table["full_test"]]
    lines.append(("full-test", len(full), full["patient"].nunique(), None, 8_528))
    frame = pd.DataFrame(lines, columns=["part", "series", "people", "% of normal", "P1 series"])
    by_cell = tabulate_parts(table)
    alt = "Bars of normal series by age bracket: training, validation and test, men and women"
    return Section(
        "Training, validation and test parts",
        [
            "Nobody is in two parts: a person with an abnormal series is in the full-test set "
            "with all series.",
            Table("parts", frame, "Series and people of each part.", ("P1 series",), decimals=1),
            Picture("figure-2", draw_parts(by_cell), alt, "Figure 2. Normal series by part."),
            Table("figure-2-counts", by_cell, "The same by bracket and sex."),
        ],
    )


def _series(table: pd.DataFrame) -> str:
    return f"{len(table):,} series of {table['patient'].nunique():,} people"


def _undecided(context: Context) -> str:
    """Tell which brackets are too small for clusters, and what saved splits do not name."""
    left = context.reports.table.drop(index=context.table.index)
    brackets = pd.Series(brackets_of(left), dtype=int).value_counts().sort_index()
    told = ", ".join(f"{count:,} of bracket {bracket}" for bracket, count in brackets.items())
    return f"{len(left):,} series undecided" + (f":\n{told}" if told else "")


def _reasons(aside: pd.DataFrame) -> str:
    if aside.empty:
        return "0 rows set aside"
    counts = aside.groupby("fault")["row"].nunique().sort_values(ascending=False)
    lines = [f"{aside['row'].nunique():,} rows set aside:"]
    lines += [f"{count:,} {fault}" for fault, count in counts.head(_MOST_REASONS).items()]
    more = len(counts) - _MOST_REASONS
    return "\n".join([*lines, f"{more} more kinds"] if more > 0 else lines)


def _unknown(table: pd.DataFrame) -> pd.DataFrame:
    missing = table.isna().sum()
    found = missing[missing > 0].rename_axis("column").reset_index(name="not known")
    return found.assign(**{"% of series": 100 * found["not known"] / max(len(table), 1)})
