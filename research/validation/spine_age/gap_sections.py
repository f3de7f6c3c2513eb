"""Sections on what goes with the gap: P1's Tables 5 and 6, Figures 6 and 7."""

from research.estimators.gap_and_age import mean_by_bracket
from research.estimators.terms import Model
from research.pages import Picture, Section, Table
from research.validation.spine_age.context import Context
from research.validation.spine_age.pictures import draw_interaction, draw_odds
from research.validation.spine_age.statistics import DEMANDING, Statistics
from research.validation.spine_age.tables import (
    PRINTED_EFFECTS,
    associations_table,
    interaction_table,
    odds_table,
    table_of,
)

_NAMES = {
    Model.LUMBAR: ("table-5-lumbar", "Table 5. Lumbar degenerative spinal conditions."),
    Model.STRUCTURAL: ("table-5-structural", "Table 5. Structural and canal pathologies."),
    Model.LIFESTYLE: ("table-5-lifestyle", "Table 5. Lifestyle; per pack, day or hour, or yes."),
    Model.CERVICAL: ("table-6-cervical", "Table 6. Cervical degenerative spinal conditions."),
    Model.THORACIC: ("table-6-thoracic", "Table 6. Thoracic degenerative spinal conditions."),
}


def associations_section(context: Context, found: Statistics) -> Section:
    """Show the 54 coefficients beside P1's and, of a virtual world, the population's."""
    truth = context.estimands.effects if context.estimands is not None else None
    whole = associations_table(found.associations, truth)
    rows = dict.fromkeys(Model, 0) | {r.term.model: r.rows for r in found.associations}
    parts: list[str | Table | Picture] = [
        "Years of gap that go with a condition, adjusted for sex and for the other conditions of "
        "its table; 95 % intervals by person, with the bias line's own error. FDR: p adjusted "
        "over all 54 (Benjamini and Hochberg). Age held: the same with a natural spline of age.",
    ]
    if truth is not None:
        parts.append(
            "Population: the same coefficient in a million records of the virtual world, everybody "
            "weighted by the chance to be in the full-test set."
        )
    for model, (name, caption) in _NAMES.items():
        frame = table_of(model, whole)
        told = f"{caption} {rows[model]:,} series."
        parts.append(Table(name, frame, told, PRINTED_EFFECTS, finer={"p": 4, "FDR": 4}))
    return Section("Associations", parts)


def odds_section(context: Context, found: Statistics) -> Section:
    """Show Figure 6; P1 prints no values but those of the text."""
    truth = context.estimands.odds if context.estimands is not None else None
    alt = "Odds ratios with 95 % intervals of each condition, crude and adjusted"
    return Section(
        "Odds of conditions",
        [
            "Odds of a condition among series with a gap over 5 years against those below "
            "-5 years. P1's text: moderate lumbar bulge 4, severe 8; fracture, stenosis, "
            "spondylolisthesis and canal narrowing 2 to 4.",
            Picture("figure-6", draw_odds(found.odds), alt, "Figure 6."),
            Table("figure-6-odds", odds_table(found.odds, truth), "The numbers behind Figure 6."),
        ],
    )


def interaction_section(context: Context, found: Statistics) -> Section:
    """Show Figure 7, or say why not."""
    title = "Demanding work and age"
    if found.interaction is None:
        return Section(title, ["Too few do demanding work, or the columns of work are missing."])
    means = mean_by_bracket(found.table, found.gaps, DEMANDING)
    alt = "Mean gap by age bracket of people with and without demanding work, and a line for each"
    return Section(
        title,
        [
            "Demanding work is moderate or heavy. P1: the gap of those who do it is larger in the "
            "young and smaller in the old.",
            Picture("figure-7", draw_interaction(means, found.interaction, DEMANDING), alt),
            Table(
                "figure-7-lines",
                interaction_table(found.interaction, context.interaction),
                "The lines of Figure 7, adjusted for sex.",
                decimals=3,
            ),
            Table("figure-7-means", means, "Mean gap by bracket."),
        ],
    )
