import numpy as np
import pandas as pd
import pytest

from research.estimators.features import feature_names
from research.estimators.terms import terms
from research.validation.spine_age.population import abnormal_chances, draw_population
from research.worlds.reports.settings import World

NAMES = list(feature_names())


def features(rows, **columns):
    """Features of nobody's findings, but for the columns given."""
    table = pd.DataFrame(np.zeros((rows, len(NAMES)), dtype=np.int16), columns=NAMES)
    return table.assign(**columns)


def population(person, fracture, bracket=50):
    found = features(len(person), fracture=fracture).add_prefix("feature: ")
    return found.assign(person=person, bracket=bracket)


def test_who_would_be_abnormal_is_learned_from_the_cohorts_own_flags():
    # In the cohort a fracture makes abnormal in 3 of 4, and nothing else does.
    cohort = features(400, fracture=np.repeat([0, 1], 200))
    normal = pd.Series(np.r_[np.ones(200), np.tile([0, 0, 0, 1], 50)] == 1)
    asked = population([0, 1, 2, 2], [0, 1, 1, 1])

    found = abnormal_chances(asked, cohort, pd.Series(np.full(400, 50)), normal)

    # The person of two series is abnormal unless both are normal.
    assert found == pytest.approx([0, 0.75, 1 - 0.25**2, 1 - 0.25**2], abs=0.02)


def test_brackets_are_learned_apart():
    cohort = features(200, fracture=np.tile([0, 1], 100))
    bracket = pd.Series(np.repeat([50, 60], 100))
    normal = pd.Series((cohort["fracture"] == 0) | (bracket == 60))

    found = abnormal_chances(population([0, 1], [1, 1], [50, 60]), cohort, bracket, normal)

    assert found[0] > 0.95
    assert found[1] == 0


def test_a_bracket_that_the_cohort_lacks_is_an_error():
    with pytest.raises(ValueError, match="nobody in the cohort"):
        abnormal_chances(
            population([0], [0], 70), features(3), pd.Series([50] * 3), pd.Series([True] * 3)
        )


def test_cohorts_are_drawn_apart_with_terms_and_features():
    found = draw_population(World.PAPERS, cohorts=2, series=300, workers=1)

    assert len(found) == 600
    assert found["person"].nunique() > 550
    assert {term.name for term in terms()} | {f"feature: {n}" for n in NAMES} <= set(found.columns)
    halves = found["age_years"].to_numpy().reshape(2, 300)
    assert not np.array_equal(np.sort(halves[0]), np.sort(halves[1]))
