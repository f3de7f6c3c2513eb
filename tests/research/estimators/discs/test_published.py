import numpy as np
import pytest

from research.estimators.discs.published import (
    PUBLISHED,
    SUBJECTS_BY_AGE,
    SUBJECTS_BY_BMI,
    SUBJECTS_BY_SEX,
)
from spine.anatomy.grades import Scale


@pytest.mark.parametrize("scale", Scale)
def test_tables_2_and_3_agree(scale):
    printed = PUBLISHED[scale]
    percent = 100 * printed.joint

    assert percent.sum(axis=1) == pytest.approx(printed.baseline, abs=0.16)
    assert percent.sum(axis=0) == pytest.approx(printed.followup, abs=0.06)
    assert np.triu(percent, 1).sum() == pytest.approx(printed.progression, abs=0.12)


@pytest.mark.parametrize("scale", Scale)
def test_progression_by_age_gives_that_of_all(scale):
    printed = PUBLISHED[scale]

    mean = np.average(printed.by_age, weights=SUBJECTS_BY_AGE)

    assert mean == pytest.approx(printed.progression, abs=0.2)


@pytest.mark.parametrize("scale", Scale)
def test_table_4_sums_to_all_discs_and_its_accuracy(scale):
    mean = {name: spread[0] for name, spread in PUBLISHED[scale].table_4.items()}

    assert mean["TP"] + mean["TN"] + mean["FP"] + mean["FN"] == pytest.approx(100)
    assert mean["TP"] + mean["TN"] == pytest.approx(mean["accuracy"])


def test_table_1_counts_everybody():
    counts = (SUBJECTS_BY_AGE, SUBJECTS_BY_BMI, SUBJECTS_BY_SEX.values())
    assert [sum(parts) for parts in counts] == [1_343] * 3
