import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t as student
from statsmodels.stats.sandwich_covariance import cov_cluster

from research.estimators.clustered import fit_clustered


def planted(seed, rows=60, people=45):
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, size=rows)
    rare = (rng.random(rows) < 0.2).astype(float)
    design = np.column_stack([np.ones(rows), rng.random(rows), rare])
    noise = rng.standard_normal(rows) * (1 + rare) + rng.standard_normal(people)[person]
    return design, design @ np.array([1.0, -2.0, 3.0]) + noise, person


def test_errors_are_those_of_leaving_each_person_out():
    design, outcome, person = planted(1)

    fit = fit_clustered(design, outcome, person)

    left = [
        np.linalg.lstsq(design[person != one], outcome[person != one], rcond=None)[0]
        for one in np.unique(person)
    ]
    assert np.allclose(fit.effects, np.linalg.lstsq(design, outcome, rcond=None)[0])
    assert np.allclose(fit.errors**2, np.square(np.array(left) - fit.effects).sum(axis=0))


def test_errors_are_those_of_statsmodels():
    design, outcome, person = planted(2)

    theirs = cov_cluster(sm.OLS(outcome, design).fit(), person, False, crv_type="cluster-crv3")

    assert np.allclose(fit_clustered(design, outcome, person).errors ** 2, np.diag(theirs))


def test_errors_of_people_seen_once_are_hc3():
    design, outcome, _ = planted(3)

    fit = fit_clustered(design, outcome, np.arange(len(outcome)))

    assert np.allclose(fit.errors, sm.OLS(outcome, design).fit().HC3_se)


def test_degrees_of_freedom_of_a_mean_are_its_people_less_one():
    fit = fit_clustered(np.ones((7, 1)), np.array([3.0, 1, 4, 1, 5, 9, 2]), np.arange(7))

    assert fit.degrees[0] == pytest.approx(6)


def test_degrees_of_freedom_by_hand_with_people_seen_twice():
    design, outcome, _ = planted(4, rows=12)
    design[:, 2] = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    person = np.array([0, 1, 2, 3, 4, 5, 6, 7, 1, 3, 5, 5])

    fit = fit_clustered(design, outcome, person)

    bread = np.linalg.inv(design.T @ design)
    left_over = np.eye(12) - design @ bread @ design.T
    for column in range(3):
        weights = np.zeros((12, 8))
        for one in range(8):
            of = person == one
            solved = np.linalg.solve(left_over[np.ix_(of, of)], design[of] @ bread)
            weights[of, one] = solved[:, column]
        roots = np.linalg.eigvalsh(weights.T @ left_over @ weights)
        assert fit.degrees[column] == pytest.approx(roots.sum() ** 2 / np.square(roots).sum())


def test_interval_and_p_value_agree():
    fit = fit_clustered(*planted(5))

    ends = [end[1] for end in fit.interval(1 - fit.p_values()[1])]

    assert min(np.abs(ends)) == pytest.approx(0, abs=1e-9)
    assert fit.p_values()[2] == pytest.approx(
        2 * student.sf(abs(fit.effects[2] / fit.errors[2]), fit.degrees[2])
    )


def test_intervals_hold_for_an_exposure_of_nine_people():
    rng = np.random.default_rng(6)
    rare = np.zeros(400)
    rare[:9] = 1
    design = np.column_stack([np.ones(400), rare])

    misses = 0
    for _ in range(500):
        low, high = fit_clustered(design, rng.standard_normal(400), np.arange(400)).interval()
        misses += not low[1] <= 0 <= high[1]

    # HC3 with the normal's 1.96 misses 7 % of them.
    assert 0.02 <= misses / 500 <= 0.06


@pytest.mark.parametrize("rare", [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]])
def test_what_cannot_be_told_is_an_error(rare):
    design = np.column_stack([np.ones(5), rare])

    with pytest.raises(np.linalg.LinAlgError):
        fit_clustered(design, np.arange(5.0), np.arange(5))
