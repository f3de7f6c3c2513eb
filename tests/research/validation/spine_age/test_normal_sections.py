import numpy as np
import pandas as pd

from research.estimators.normal_cohort import NormalCohort
from research.estimators.schema import Reports
from research.measurements import Data
from research.pages import Picture, Table
from research.validation.spine_age.context import Context
from research.validation.spine_age.normal_sections import normal_section
from tests.research.estimators.typed import reports

SERIES = 200


def flagged(moved=0):
    """A bracket of two clusters: a large normal one, and a far small one that is abnormal."""
    rng = np.random.default_rng(1)
    small = np.arange(SERIES) >= SERIES - 20
    cluster = np.where(small, 1, 0)
    cluster[:moved] = 1
    table = reports(SERIES, fracture=small.astype(int), sex=["M", "F"] * (SERIES // 2))
    plane = rng.standard_normal((SERIES, 2)) + 20 * small[:, None]
    return table.assign(
        bracket=30, cluster=cluster, x=plane[:, 0], y=plane[:, 1], normal=cluster == 0
    )


def section(others):
    table = flagged()
    empty = pd.DataFrame({"row": [], "column": [], "fault": [], "reason": []})
    context = Context(Data.REAL, "", Reports(table, empty, (), SERIES), table)
    return {
        part.name: part
        for part in normal_section(context, others).parts
        if isinstance(part, Table | Picture)
    }


def test_clusters_are_named_drawn_and_clustered_at_other_distances():
    parts = section([])

    clusters = parts["clusters"].frame.set_index("cluster")
    assert clusters.loc[0, "normal"] and not clusters.loc[1, "normal"]
    assert clusters.loc[1, "name"] == "fracture"
    assert parts["merge-distances"].frame["published"].sum() == 1
    assert "figure-3-30" in parts and "seed-agreement" not in parts


def test_other_seeds_are_compared():
    parts = section([NormalCohort(flagged(moved=50), {}, {})])

    agreement = parts["seed-agreement"].frame.set_index("bracket")
    assert agreement.loc[0, "agreement"] == 0.75
