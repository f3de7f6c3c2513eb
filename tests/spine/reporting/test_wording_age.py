import dataclasses

import pytest

from spine.findings import AgeInterval
from spine.reporting import wording_age

# At 54.8 years; the spine age is 61.3 years.
INTERVAL = AgeInterval(54.8, 8.4, 90, 45, 54, 212, "real", 88)


def age_with(findings, **changes):
    return dataclasses.replace(findings.age, interval=dataclasses.replace(INTERVAL, **changes))


def test_age_is_said_with_its_gap_evidence_and_error(findings):
    assert wording_age.age_sentence(age_with(findings)) == (
        "spine age 61.3 y, gap +6.5 y (actual age 54.8 y; evidence: synthetic); as expected "
        "within the model's error. 90% of people of 45–54 years without known disease have a "
        "gap within ±8.4 years (n = 212): the model's error, not a clinical range."
    )


def test_without_interval_no_direction_is_said(findings):
    assert wording_age.age_sentence(findings.age) == (
        "spine age 61.3 y, gap +6.5 y (actual age 54.8 y; evidence: synthetic); "
        "no interval is known: the gap may be the model's error."
    )


@pytest.mark.parametrize(
    ("predicted", "half_width", "word"),
    [(61.3, 6.6, "as expected"), (61.3, 6.4, "above"), (48.3, 6.4, "below"), (48.3, 6.6, "as exp")],
)
def test_a_direction_is_said_only_beyond_the_models_error(findings, predicted, half_width, word):
    age = age_with(findings, half_width_years=half_width)
    age = dataclasses.replace(age, predicted_age_years=predicted)

    assert wording_age.age_difference(age).startswith(word)


def test_synthetic_cases_are_never_called_people():
    words = wording_age.interval_sentence(dataclasses.replace(INTERVAL, data="synthetic"))

    assert "synthetic spines of 45–54 years" in words
    assert "people" not in words


@pytest.mark.parametrize(
    ("percentile", "words"), [(0, "Fewer than 1% of"), (88, "88% of"), (99, "99% or more of")]
)
def test_percentile_promises_no_more_than_is_known(percentile, words):
    interval = dataclasses.replace(INTERVAL, gap_percentile=percentile)

    assert wording_age.percentile_sentence(interval) == (
        f"{words} these 212 have this gap or a lower one."
    )
