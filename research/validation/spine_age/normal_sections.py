"""The section on who is normal for an age: P1's Figure 3, and how sure that is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.estimators.cluster_names import tabulate_clusters
from research.estimators.clustering import Clusters
from research.estimators.cohort_pictures import draw_plane
from research.estimators.features import aggregate
from research.estimators.normal_cohort import NormalCohort
from research.estimators.stability import seed_agreement, sweep_merge_distance
from research.pages import Picture, Section, Table
from research.validation.spine_age.cohort import as_cohort
from research.validation.spine_age.context import Context
from research.validation.spine_age.who_sections import shares_table_of


def normal_section(context: Context, others: Sequence[NormalCohort]) -> Section:
    """Show clusters and their names, the shares, and other seeds and merge distances.

    Parameters
    ----------
    others : the same series flagged under other seeds
    """
    cohort = as_cohort(context.table)
    clusters = list(cohort.clusters.values())
    parts: list[str | Table | Picture] = [shares_table_of(context)]
    if not any(np.isfinite(found.plane).all() for found in clusters):
        return Section("Normal spines", ["Flags are the planted classes.", *parts])
    names = pd.concat([_named(found, context.table) for found in clusters])
    sweep = pd.concat([sweep_merge_distance(found) for found in clusters])
    parts += [
        "P1's text: of the bracket 30, 32 % have one to three mild lumbar disc bulges and 27 % no "
        "finding; of the bracket 40, 15 % have none.",
        *(_plane(found, names) for found in clusters),
        Table("clusters", names, "Clusters by what most of their reports share; -1 is noise."),
        Table("merge-distances", sweep, "The same planes clustered at other merge distances."),
    ]
    if others:
        agreement = seed_agreement([cohort, *others])
        caption = "The same reports under other seeds of UMAP; bracket 0 is all."
        parts.append(Table("seed-agreement", agreement, caption))
    return Section("Normal spines", parts)


def _plane(found: Clusters, names: pd.DataFrame) -> Picture:
    figure = draw_plane(found, names[names["bracket"] == found.bracket])
    alt = f"Reports of the {found.bracket}-year bracket in a plane, normal clusters colored"
    caption = f"Figure 3. The {found.bracket}-year bracket."
    return Picture(f"figure-3-{found.bracket}", figure, alt, caption)


def _named(found: Clusters, table: pd.DataFrame) -> pd.DataFrame:
    return tabulate_clusters(found, aggregate(table[table["bracket"] == found.bracket]))
