"""The oracle against Bayes' rule written out, and against what a posterior mean must satisfy."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from phantom import laws
from phantom.osteophytes import OSTEOPHYTE
from phantom.spread import Spread
from phantom.subjects import subject
from research.validation.age.oracle import oracle_age
from research.worlds.age import NORMAL_SERIES, SPREAD, Part, scans, seeds
from spine.anatomy.levels import Level

pytestmark = pytest.mark.slow

STEP = 0.5


def age_prior(sex):
    """Ages at the middle of half years, and Table 1's share of each."""
    ages = np.arange(25, 85, STEP) + STEP / 2
    counts = np.array(NORMAL_SERIES)[:, "MF".index(sex)]
    shares = counts[((ages - 25) // 10).astype(int)].astype(float)
    return ages, shares / shares.sum()


def log_likelihood(person, biological):
    """Every rendered state of a person, one after the other, at one biological age."""
    spread, variant = person.person.spread, person.variant
    latents = [disc.latent for disc in person.discs]
    expected = [
        laws.level_effect(disc.level, variant)
        + laws.sex_effect(person.sex, biological)
        + laws.LATENT_PER_DECADE * (biological - 50) / 10
        for disc in person.discs
    ]
    covariance = spread.disc**2 * np.eye(len(latents)) + spread.person**2
    total = multivariate_normal.logpdf(latents, expected, covariance)
    for disc in person.discs:
        mean = OSTEOPHYTE.per_year_mm * (biological - 49) + OSTEOPHYTE.per_latent_mm * disc.latent
        z = (disc.osteophyte_mm - mean) / OSTEOPHYTE.sd_mm
        if disc.osteophyte_mm == 0:
            total += norm.logcdf(z)
        elif disc.osteophyte_mm == OSTEOPHYTE.largest_mm:
            total += norm.logsf(z)
        else:
            total += norm.logpdf(z)
    marrow = next(state.marrow_fat for state in person.vertebrae if state.level is Level.L3)
    usual = laws.marrow_fat_fraction(biological, person.sex, Level.L3, 0.0)
    total += norm.logpdf(marrow, usual, spread.marrow_fat)
    fractured = any(state.wedge_fracture for state in person.vertebrae)
    for chance, happened in (
        (laws.fracture_chance(biological), fractured),
        (laws.scoliosis_chance(biological), person.scoliosis_cobb != 0),
    ):
        total += np.log(chance if happened else 1 - chance)
    return total


@pytest.mark.parametrize(("seed", "age", "sex"), [(11, 34.0, "M"), (12, 61.0, "F")])
def test_oracle_is_bayes_rule_written_out(seed, age, sex):
    person = subject(seed, age_years=age, sex=sex, spread=SPREAD)

    biological = np.arange(0, 115, STEP)
    logs = np.array([log_likelihood(person, value) for value in biological])
    likelihood = np.exp(logs - logs.max())
    ages, prior = age_prior(sex)
    weights = [
        share * (norm.pdf(biological, mean, SPREAD.gap_years) * likelihood).sum()
        for mean, share in zip(ages, prior, strict=True)
    ]

    assert oracle_age(person) == pytest.approx(np.average(ages, weights=weights), abs=0.02)


def test_error_falls_to_that_of_the_gap_where_nothing_else_spreads():
    """Then the image tells the biological age, and the rest is the planted gap's own posterior."""
    sharp = Spread(gap_years=4.1, person=1e-3, disc=2e-3, marrow_fat=0.02)
    ages, prior = age_prior("F")
    for seed, age in ((1, 30.0), (2, 52.0), (3, 79.0)):
        person = subject(seed, age_years=age, sex="F", spread=sharp)
        weights = prior * norm.pdf(person.biological_age_years, ages, 4.1)

        assert oracle_age(person) == pytest.approx(np.average(ages, weights=weights), abs=0.25)


def test_posterior_mean_is_right_on_average_and_at_every_level():
    """Age given the answer is the answer: no mean error, and a slope of age on answer of 1."""
    people = [next(scans(Part.CALIBRATION, seed)).subject for seed in seeds(Part.CALIBRATION, 50)]

    truth = np.array([person.age_years for person in people])
    answer = np.array([oracle_age(person) for person in people])

    error = truth - answer
    assert abs(error.mean()) < 3 * error.std(ddof=1) / np.sqrt(len(people))
    slope = np.polyfit(answer, truth, 1)[0]
    assert slope == pytest.approx(1, abs=3 * error.std() / answer.std() / np.sqrt(len(people)))
    # What a person's biological age alone would leave is 4.1 years of SD, less the prior's help.
    assert 3.0 < error.std(ddof=1) < 6.5
