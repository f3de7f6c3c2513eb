import numpy as np
import pytest
from scipy.stats import norm

from research.estimators.discs.resampling import estimate, ratio, resample_patients


def test_the_first_column_is_the_sample_itself():
    found = resample_patients(np.array(["a", "a", "b"]), np.random.default_rng(0), 50)

    assert found.sums(np.array([1.0, 2.0, 4.0]))[0] == 7
    assert found.sums(np.array([[1, 0], [2, 0], [4, 1]]))[0].tolist() == [7, 1]


def test_all_discs_of_a_patient_are_drawn_together():
    found = resample_patients(np.array(["a", "a", "b"]), np.random.default_rng(0), 200)

    drawn = found.sums(np.array([1.0, 1.0, 0.0]))[1:]
    assert set(drawn) == {0.0, 2.0, 4.0}
    assert (found.sums(np.array([0.5, 0.5, 1.0])) == 2).all()


def test_some_of_the_discs_keep_the_draws_of_all():
    found = resample_patients(np.array(["a", "b", "b"]), np.random.default_rng(0), 20)
    values = np.array([1.0, 10.0, 100.0])

    some = found.of(np.array([True, False, True]))

    assert np.array_equal(some.sums(values[[0, 2]]), found.sums(values * [1, 0, 1]))


def test_interval_of_a_mean_is_that_of_its_patients_not_of_its_discs():
    """Five equal discs a patient: the standard error is that of 400 values, not of 2,000."""
    rng = np.random.default_rng(1)
    value = np.repeat(rng.normal(size=400), 5)
    found = resample_patients(np.repeat(np.arange(400), 5), rng)

    drawn = estimate(ratio(found.sums(value), found.sums(np.ones(2_000))))

    half = norm.ppf(0.975) * value.std() / 20
    assert drawn.value == pytest.approx(value.mean())
    assert drawn.high - drawn.low == pytest.approx(2 * half, rel=0.1)


def test_what_cannot_be_had_in_many_draws_has_no_interval():
    figures = np.array([0.5, *[0.4, 0.6] * 45, *[np.nan] * 10])

    found = estimate(figures)

    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()


def test_the_same_seed_draws_the_same():
    patient = np.arange(9)
    first, second = (resample_patients(patient, np.random.default_rng(3), 9) for _ in range(2))

    assert np.array_equal(first.times, second.times)
