import numpy as np
import pandas as pd
import pytest

from research.estimators.associations import Association
from research.estimators.clustered import Estimate
from research.estimators.odds import Cells, ConditionOdds, OddsRatio
from research.estimators.terms import Model, terms
from research.validation.spine_age.printed import printed_effects
from research.validation.spine_age.tables import (
    associations_table,
    classes_table,
    odds_table,
    shares_table,
    table_of,
)

BULGE = terms()[0]


def test_printed_tables_are_the_papers():
    effects = printed_effects()

    assert effects.index.tolist() == [term.name for term in terms()]
    assert effects.loc["lumbar_disc_bulge_severe"].tolist() == [12, 2.96, 0.27, 5.65, 1]
    assert effects.loc["thoracic_desiccation_severe"].tolist() == [15, -3.42, -5.87, -0.96, 1]
    assert effects["significant"].sum() == 21
    assert ((effects["low"] * effects["high"] > 0) == (effects["significant"] == 1)).all()


def test_associations_stand_beside_the_printed_and_the_population():
    rows = [
        Association(BULGE, 7, 9, Estimate(1.0, 0.5, 1.5, 0.01), Estimate(0.9, 0.4, 1.4, 0.02)),
        Association(terms()[1], 1, 9, omitted="too few"),
    ]

    whole = associations_table(rows, {BULGE.name: 1.6, terms()[1].name: 2.0})

    line = table_of(Model.LUMBAR, whole).iloc[0]
    assert (line["effect"], line["FDR"], line["P1 effect"], line["P1 n"]) == (1.0, 0.01, 1.27, 801)
    assert line["population inside"] is False or line["population inside"] == np.False_
    assert whole["remark"].tolist() == ["", "too few"]
    assert whole["population inside"][1] is None


def test_without_a_virtual_world_there_is_no_population():
    whole = associations_table([Association(BULGE, 7, 9, Estimate(1.0, 0.5, 1.5, 0.01))])

    assert "population" not in whole
    assert "remark" not in table_of(Model.LUMBAR, whole)


def test_odds_stand_with_their_cells():
    ratio = OddsRatio(4.0, 2.0, 8.0)
    line = ConditionOdds(BULGE, Cells(8, 12, 4, 24), ratio, OddsRatio(3.0, 1.0, 9.0, firth=True))

    table = odds_table([line], {BULGE.name: 3.5})

    assert table.loc[0, ["older, with", "younger, without"]].tolist() == [8, 24]
    assert table.loc[0, "method"] == "Firth"
    assert table.loc[0, "population"] == 3.5


def test_classes_and_shares_by_hand():
    table = pd.DataFrame(
        {
            "bracket": [30, 30, 30, 80],
            "sex": ["M", "M", "F", "F"],
            "normal": [True, False, True, False],
        }
    )

    classes = classes_table(table).set_index(["bracket", "sex"])
    shares = shares_table(table).set_index("bracket")

    assert classes.loc[(30, "male")].tolist() == [1, 1, 561, 404]
    assert classes.loc[(50, "female")].tolist() == [0, 0, 1379, 949]
    assert shares.loc["30", "abnormal, %"] == pytest.approx(100 / 3)
    assert shares.loc["all"].tolist() == pytest.approx([50.0, 41.28], abs=0.01)
    assert shares.loc["80", "P1 abnormal, %"] == pytest.approx(55.2, abs=0.05)
