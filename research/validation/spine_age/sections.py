"""The sections of the report on spine age, in the order of P1."""

from collections.abc import Sequence

from research.estimators.normal_cohort import NormalCohort
from research.pages import Section
from research.validation.spine_age.age_sections import (
    accuracy_section,
    large_gaps_section,
    network_section,
    repeats_section,
)
from research.validation.spine_age.context import Context
from research.validation.spine_age.gap_sections import (
    associations_section,
    interaction_section,
    odds_section,
)
from research.validation.spine_age.normal_sections import normal_section
from research.validation.spine_age.who_sections import flow_section, parts_section, who_section

_P1 = (
    "P1 is Bazargani et al., An artificial intelligence framework for measuring human spine aging "
    "using MRI, arXiv:2511.17485v1. Its printed values are shaded."
)


def sections_of(context: Context, others: Sequence[NormalCohort]) -> list[Section]:
    """Return every section but those of a study, of targets and of checklists.

    Parameters
    ----------
    others : the same series flagged under other seeds
    """
    aim = (
        "To decide from structured reports who is normal for an age, to divide series into parts, "
        "and to tell what the gap between spine age and age goes with: P1's cohort and statistics, "
        "retrospective, of this table."
    )
    first = [
        Section("What this is", [aim, _P1]),
        flow_section(context),
        who_section(context),
        normal_section(context, others),
        parts_section(context),
        network_section(),
    ]
    return [*first, *_gap_sections(context)]


def _gap_sections(context: Context) -> list[Section]:
    found = context.statistics
    if found is None:
        return [Section("Associations", [context.missing])]
    return [
        accuracy_section(context, found),
        repeats_section(context, found),
        large_gaps_section(found),
        associations_section(context, found),
        odds_section(context, found),
        interaction_section(context, found),
    ]
