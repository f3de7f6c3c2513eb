import numpy as np

from research.estimators.discs.groups import by_age, by_bmi, groups
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort


def test_ages_and_bmis_fall_into_the_groups_of_table_1():
    ages = {name: np.flatnonzero(who).tolist() for name, who in by_age(np.array([39.9, 40, 50]))}
    bmis = dict(by_bmi(np.array([18.4, 18.5, 25.0, 25.1, np.nan])))

    assert ages == {"18 to 40": [0], "40 to 50": [1], "over 50": [2]}
    assert {name: np.flatnonzero(who).tolist() for name, who in bmis.items()} == {
        "under 18.5": [0],
        "18.5 to 25.0": [1, 2],
        "over 25.0": [3],
        "not given": [4],
    }


def test_each_grouping_holds_every_disc_once():
    discs = cohort(Scale.PFIRRMANN, patients=60)

    found = groups(discs)

    assert [name for name, _ in found["level"]] == ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]
    for by, parts in found.items():
        total = sum(members.astype(int) for _, members in parts)
        assert (total == (discs.at_risk if by == "risk" else 1)).all(), by
    assert all(members.any() for parts in found.values() for _, members in parts)
