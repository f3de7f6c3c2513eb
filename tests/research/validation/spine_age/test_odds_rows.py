from research.estimators.odds import Cells, ConditionOdds, OddsRatio
from research.estimators.terms import terms
from research.validation.spine_age.odds_rows import odds_rows

STRUCTURAL = ("fracture", "spinal_stenosis", "spondylolisthesis", "congenital_canal_narrowing")
AS_PRINTED = {
    "lumbar_disc_bulge_moderate": (4.2, 2.0, 8.0),
    "lumbar_disc_bulge_severe": (9.0, 1.0, 60.0),
    **dict.fromkeys(STRUCTURAL, (3.0, 1.5, 6.0)),
}


def failures(**changes):
    named = {term.name: term for term in terms()}
    lines = [
        ConditionOdds(named[name], Cells(1, 1, 1, 1), OddsRatio(*ratio), OddsRatio(*ratio))
        for name, ratio in (AS_PRINTED | changes).items()
    ]
    return [row.value for row in odds_rows(lines)]


def test_what_section_4_5_tells_is_met():
    assert failures() == [0, 0, 0]


def test_each_failure_is_counted():
    assert failures(lumbar_disc_bulge_severe=(3.0, 1.0, 9.0)) == [1, 0, 0]
    assert failures(lumbar_disc_bulge_moderate=(2.0, 1.0, 3.0)) == [0, 1, 0]
    assert failures(fracture=(1.2, 0.9, 1.9), spinal_stenosis=(6.0, 4.1, 9.0)) == [0, 0, 2]
    assert failures(fracture=(1.5, 0.9, 2.0)) == [0, 0, 0]
    assert failures(lumbar_disc_bulge_severe=(float("nan"),) * 3)[0] == 1
