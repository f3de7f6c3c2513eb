import pytest

from research.estimators.features import aggregate, feature_names
from research.estimators.pairs import PairList
from research.estimators.schema import read_reports
from tests.research.estimators.reports import rows


@pytest.fixture
def features(tmp_path):
    def _features(change, drop=()):
        rows(change).drop(columns=list(drop)).to_csv(tmp_path / "r.csv", index=False)
        counts = aggregate(read_reports(tmp_path / "r.csv").table).iloc[0]
        return {name: count for name, count in counts.items() if count}

    return _features


@pytest.mark.parametrize("which", PairList)
def test_every_list_gives_67_features_of_three_regions(which):
    names = feature_names(which)

    assert len(set(names)) == 67
    assert [sum(name.startswith(r) for name in names) for r in ("cervical", "lumbar")] == [20, 20]


def test_levels_are_counted_by_region_and_severity(features):
    counts = features(
        {
            "C7_disc_bulge": "mild",
            "T1_disc_bulge": "mild",
            "T13_disc_bulge": "mild",
            "L5_disc_bulge": "mild",
            "L6_disc_bulge": "mild",
            "L7_disc_bulge": "severe",
            "L1_desiccation": "near_complete",
            "C2_endplate_change": "present",
            "spondylolisthesis": "1",
            "scoliosis": "1",
        }
    )

    assert counts == {
        "cervical mild disc bulge": 1,
        "thoracic mild disc bulge": 2,
        "lumbar mild disc bulge": 2,
        "lumbar severe disc bulge": 1,
        "lumbar near complete desiccation": 1,
        "cervical present endplate change": 1,
        "spondylolisthesis": 1,
    }


def test_a_table_without_supernumerary_levels_counts_the_others(features):
    counts = features({"L4_protrusion": "mild"}, drop=["L6_protrusion", "L7_protrusion"])

    assert counts == {"lumbar mild protrusion": 1}
