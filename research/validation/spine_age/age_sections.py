"""Sections on the ages that a network told: P1's Tables 2 to 4, Figure 4 and section 4.3."""

import numpy as np
import pandas as pd

from research.estimators.splits import Part
from research.pages import Picture, Section, Table
from research.validation.age.figures import accuracy_by_bracket
from research.validation.age.large_gaps import LARGE_GAP_YEARS
from research.validation.age.pictures import draw_absolute_errors, draw_bland_altman
from research.validation.age.printed import LARGE_GAPS
from research.validation.spine_age.ages import (
    accuracy_table,
    age_cases,
    network_table,
    repeat_pairs,
    repeats_table,
    slopes_table,
)
from research.validation.spine_age.context import Context
from research.validation.spine_age.statistics import PREDICTED, Statistics

LARGE_GAPS_FILE = "large-gaps.csv"
_LEAST_PAIRS = 3


def network_section() -> Section:
    """Show the layers of the network (P1, Figure 1 and Table 2)."""
    return Section(
        "The network",
        [
            "Figure 1: the spine is segmented and masked, a network of 3D convolutions tells an "
            "age, a line fitted on normal validation series takes its bias out. The rules of "
            "each step are in docs/architecture.md.",
            Table("table-2", network_table(), "Table 2. Layers and parameters; P1: 2,950,401."),
        ],
    )


def accuracy_section(context: Context, found: Statistics) -> Section:
    """Show the bias line, errors before and after it, and what is left of age in the gap."""
    known = context.table[context.table[PREDICTED].notna()]
    test = known[known["part"] == Part.TEST]
    cases, correction = age_cases(test), found.correction
    by_bracket = accuracy_by_bracket(cases, correction.line, context.data)
    errors = pd.DataFrame(
        [(row.name, row.value, row.n) for row in by_bracket], columns=["of", "MAE, years", "n"]
    )
    return Section(
        "Accuracy",
        [
            _told_line(found),
            Table("table-3", accuracy_table(test, correction), "Table 3. Normal test series."),
            Picture(
                "figure-4",
                draw_absolute_errors(cases, correction.line),
                "Boxes of the absolute error of spine ages by age bracket, men and women",
                "Figure 4. Absolute error of normal test series after correction.",
            ),
            Table("figure-4-errors", errors, "Mean absolute error by sex and bracket."),
            _slopes(test, found),
        ],
    )


def _told_line(found: Statistics) -> str:
    line, error = found.correction.line, found.correction.slope_error
    return (
        f"Bias line on {line.cases:,} normal validation series: said age = {line.slope:.3f} x age "
        f"+ {line.intercept_years:.2f} years; standard error of the slope {error:.4f}. Spread of "
        f"the corrected gap in the full-test set: {np.std(found.gaps.years, ddof=1):.2f} years."
    )


def _slopes(test: pd.DataFrame, found: Statistics) -> Table:
    slopes = pd.concat(
        [
            slopes_table(test, found.correction).assign(of="normal test"),
            slopes_table(found.table, found.correction).assign(of="full-test set"),
        ]
    )
    caption = (
        "Slope of the gap on age with the bias line's own error in its interval; a gap that runs "
        "with age makes a cause of whatever comes with age."
    )
    ordered = slopes[["of", *slopes.columns.drop("of")]]
    return Table("gap-slopes", ordered, caption, decimals=3)


def repeats_section(context: Context, found: Statistics) -> Section:
    """Show how far two scans of a person agree (P1, Table 4)."""
    pairs = repeat_pairs(found.table, found.correction)
    title = "Repeat scans"
    if len(pairs) < _LEAST_PAIRS:
        return Section(title, [f"{len(pairs)} pairs of scans of one person: too few."])
    alt = "Difference of the gaps of two scans of a person over their mean, limits of agreement"
    return Section(
        title,
        [
            "Pairs of series of one person in the full-test set, in order of date.",
            Table("table-4", repeats_table(pairs, context.data), "Table 4.", ("P1",)),
            Picture("repeats", draw_bland_altman(pairs), alt, "Bland and Altman's limits."),
        ],
    )


def large_gaps_section(found: Statistics) -> Section:
    """Count the series whose gap is over 15 years, and point to the list to review."""
    far = np.abs(found.gaps.years) > LARGE_GAP_YEARS
    outcomes = ", ".join(f"{count} {name}" for name, count in LARGE_GAPS.items())
    share = 100 * far.mean() if far.size else 0.0
    return Section(
        "Large gaps",
        [
            f"{int(far.sum()):,} of {far.size:,} series ({share:.2f} %) have a gap over "
            f"{LARGE_GAP_YEARS:g} years either way; P1: {sum(LARGE_GAPS.values())} of 8,528, which "
            f"readers found {outcomes}.",
            f"{LARGE_GAPS_FILE} beside this page lists them with an empty column for what a "
            "reader finds; a list that is there is not written over.",
        ],
    )
