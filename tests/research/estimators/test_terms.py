import numpy as np

from research.estimators.terms import Counted, Model, count_levels, exposures, terms
from research.estimators.vocabulary import (
    LEVELS,
    LIFESTYLE,
    Condition,
    Severity,
    finding_column,
)
from spine.anatomy.levels import Region
from tests.research.estimators.typed import reports

LUMBAR = [level for level in LEVELS if level.region is Region.LUMBAR]


def bulges(*persons):
    """One row a person: severities of the lumbar discs from L1 on."""
    table = np.zeros((len(persons), len(LUMBAR)), dtype=np.int8)
    for row, severities in enumerate(persons):
        table[row, : len(severities)] = severities
    names = [finding_column(level, Condition.DISC_BULGE) for level in LUMBAR]
    return reports(len(persons), **dict(zip(names, table.T, strict=True)))


def test_the_models_have_the_rows_that_are_printed():
    models = [term.model for term in terms()]

    assert [models.count(model) for model in Model] == [14, 9, 7, 14, 10]
    assert len({term.name for term in terms()}) == 54
    assert {term.name for term in terms() if term.model is Model.LIFESTYLE} == set(LIFESTYLE)


def test_only_the_most_severe_category_that_is_met_is_set():
    table = bulges([1, 1], [1, 1, 1], [1, 1, 1, 2], [1, 1, 1, 2, 2], [1, 1, 1, 2, 2, 3], [3])

    x = exposures(table, Model.LUMBAR).filter(like="bulge")

    assert x.columns.tolist() == [
        "lumbar_disc_bulge_mild",
        "lumbar_disc_bulge_moderate",
        "lumbar_disc_bulge_severe",
    ]
    # Two mild: none. A single moderate does not reach "No.>1", so three mild still count.
    assert x.to_numpy().tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 1],
    ]


def test_levels_are_counted_in_their_region_at_exactly_that_severity():
    table = reports(2, L4_disc_bulge=[1, 2], L5_disc_bulge=[1, 1], T12_disc_bulge=[1, 1])

    mild = Counted(Region.LUMBAR, Condition.DISC_BULGE, Severity.MILD, 2)

    assert count_levels(table, mild).tolist() == [2, 1]


def test_continuous_terms_keep_their_numbers_and_missing_columns_are_left_out():
    x = exposures(reports(2, packs_per_day=[0.5, np.nan], heavy_work=[1.0, 0.0]), Model.LIFESTYLE)

    assert x.columns.tolist() == ["packs_per_day", "heavy_work"]
    assert x["packs_per_day"][0] == 0.5 and np.isnan(x["packs_per_day"][1])
