import dataclasses

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from research.estimators.discs.answers import Source
from research.estimators.discs.evaluation import evaluate
from research.estimators.discs.faults import PredictionsError
from research.validation.discs.oracle import read_oracle, skill
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort
from tests.research.validation.discs.planted_oracle import oracle_shares, write_oracle

pytestmark = pytest.mark.slow


def skill_of(predictions, path):
    oracle = read_oracle(path, predictions)
    return skill(evaluate(predictions, [oracle], np.random.default_rng(0), by_group=False))


def answering(predictions, shares):
    return dataclasses.replace(predictions, probabilities=shares, uncalibrated=shares)


def test_the_oracle_is_read_for_the_discs_of_its_scale_in_any_order(tmp_path):
    bulging, pfirrmann = cohort(Scale.BULGING, patients=6), cohort(Scale.PFIRRMANN, patients=6)
    path = write_oracle(tmp_path / "oracle.csv", pfirrmann, bulging)
    order = np.random.default_rng(0).permutation(len(bulging))

    found = read_oracle(path, bulging.of(order))

    shares = oracle_shares(bulging)[order]
    above = np.arange(4) > bulging.baseline[order][:, None]
    assert found.source is Source.ORACLE
    assert found.chance == pytest.approx((shares * above).sum(axis=1))
    assert np.array_equal(found.grade, shares.argmax(axis=1))


def test_a_model_that_is_the_oracle_has_skill_1(tmp_path):
    discs = cohort(Scale.PFIRRMANN, patients=100)
    path = write_oracle(tmp_path / "oracle.csv", discs)

    found = skill_of(answering(discs, oracle_shares(discs)), path)

    for one in (found.auc, found.brier):
        assert (one.value, one.low, one.high) == pytest.approx((1, 1, 1))


def test_a_model_that_knows_the_baseline_grade_alone_has_no_skill(tmp_path):
    discs = cohort(Scale.SCHNEIDERMAN, patients=200)
    path = write_oracle(tmp_path / "oracle.csv", discs)

    found = skill_of(answering(discs, oracle_shares(discs, sight=0)), path)

    assert found.auc.value == pytest.approx(0, abs=0.02)
    assert found.brier.value == pytest.approx(0, abs=0.02)


def test_skill_in_between_is_the_share_of_the_way(tmp_path):
    discs = cohort(Scale.BULGING, patients=200)
    path = write_oracle(tmp_path / "oracle.csv", discs, sight=0.6)
    own = answering(discs, oracle_shares(discs, sight=0.2))
    oracle = read_oracle(path, own)
    evaluation = evaluate(own, [oracle], np.random.default_rng(0), by_group=False)

    found = skill(evaluation).brier

    base, model, best = (
        brier_score_loss(discs.progressed, evaluation.answer(source).chance)
        for source in (Source.BASELINE, Source.MODEL, Source.ORACLE)
    )
    assert found.value == pytest.approx((base - model) / (base - best))
    assert 0.2 < found.low < found.value < found.high < 0.8


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda lines: lines[:-1], "1 discs of bulging are missing"),
        (lambda lines: [*lines, lines[-1]], "discs twice: rows 11, 12"),
        (lambda lines: [lines[0].replace("p0", "r0"), *lines[1:]], "columns are missing: p0"),
        (lambda lines: [lines[0], lines[1].replace("bulging,0", "bulging,1"), *lines[2:]],
         "1 discs have another baseline grade"),
    ],
)  # fmt: skip
def test_an_oracle_of_other_discs_is_refused(tmp_path, edit, told):
    discs = cohort(Scale.BULGING, patients=2)
    path = write_oracle(tmp_path / "oracle.csv", discs)
    path.write_text("\n".join(edit(path.read_text().splitlines())) + "\n")

    with pytest.raises(PredictionsError, match=told):
        read_oracle(path, discs)
