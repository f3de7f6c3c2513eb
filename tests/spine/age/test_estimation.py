from dataclasses import replace

import numpy as np
import pytest

from spine.errors import Code, Refusal
from spine.findings import AgeEstimate, Evidence, Position
from spine.inference.models import AgeIntervals, BiasLine, BracketErrors
from spine.preprocessing.age import age_input
from tests.spine.age.planted import SPEC, WHOLE, ask, model, patient, segmentation


def test_estimate_is_bias_corrected():
    found = ask()

    assert isinstance(found, AgeEstimate)
    assert found.uncorrected_age_years == 60.0
    assert found.predicted_age_years == pytest.approx((60 - 10) / 0.8)
    assert found.age_gap_years == pytest.approx(62.5 - 50)
    assert found.evidence is Evidence.RETROSPECTIVE
    assert found.mean_absolute_error_years is None


def test_estimate_carries_the_error_on_the_models_card():
    found = ask(model=replace(model(), mean_absolute_error_years=5.5))

    assert found.mean_absolute_error_years == 5.5


def test_estimate_carries_the_detectable_change_on_the_models_card_and_none_of_its_own():
    assert ask().detectable_change_years is None
    found = ask(model=replace(model(), detectable_change_years=4.2))

    assert found.detectable_change_years == 4.2


def intervals(half_width):
    percentiles = tuple(np.linspace(-9.8, 9.8, 99))
    return AgeIntervals(90, "real", (BracketErrors(45, 54, 120, half_width, percentiles),))


# The patient is 50 years old, the corrected answer 62.5 years.
@pytest.mark.parametrize(
    ("half_width", "position"),
    [(12.5, Position.WITHIN), (12.4, Position.ABOVE), (20.0, Position.WITHIN)],
)
def test_above_is_said_only_where_the_interval_excludes_the_real_age(half_width, position):
    found = ask(model=replace(model(), intervals=intervals(half_width)))

    assert found.position is position
    assert found.interval.lower_years == pytest.approx(50 - half_width)
    assert found.interval.upper_years == pytest.approx(50 + half_width)
    assert (found.interval.cases, found.interval.gap_percentile) == (120, 99)


def test_below_is_said_of_a_young_spine_only_outside_the_interval():
    # (40 - 10) / 0.8 = 37.5 years at 50.
    young = replace(model(years=40.0), intervals=intervals(12.4))

    assert ask(model=young).position is Position.BELOW
    assert ask(model=replace(young, intervals=intervals(12.6))).position is Position.WITHIN


def test_without_an_interval_at_this_age_there_is_no_position():
    assert ask().position is None
    assert ask().interval is None
    elsewhere = replace(model(), intervals=intervals(5.0))
    assert ask(patient=patient(55.0), model=elsewhere).position is None


def test_network_sees_bit_for_bit_what_training_sees():
    asked, spine = model(), segmentation()

    ask(model=asked, segmentation=spine)

    training = age_input(spine.volume, spine.labels, SPEC)
    np.testing.assert_array_equal(asked.network.body.batches[0], training[None], strict=True)


@pytest.mark.parametrize(
    ("age", "is_refused"), [(24.99, True), (25.0, False), (84.99, False), (85.0, True)]
)
def test_completed_years_outside_25_to_84_are_refused(age, is_refused):
    found = ask(patient=patient(age))

    assert isinstance(found, Refusal) == is_refused
    if is_refused:
        assert found.code is Code.AGE_OUT_OF_RANGE


def test_unknown_age_is_refused():
    assert ask(patient=patient(None)).code is Code.AGE_UNKNOWN


def test_refused_age_of_the_patient_is_passed_through():
    refusal = Refusal(Code.AGE_INCONSISTENT, "Perhaps the wrong patient.", "age")

    assert ask(patient=patient(50.0, refusal)) == refusal


def test_refused_segmentation_is_passed_through_as_the_ages():
    refusal = Refusal(Code.SEGMENTATION_FAILED, "No spine.", "study")

    assert ask(segmentation=refusal) == replace(refusal, subject="age")


@pytest.mark.parametrize(
    "levels",
    [WHOLE[-7:], WHOLE[:15], WHOLE[4:], WHOLE[:-2], WHOLE[::2], []],
    ids=["lumbar", "cervicothoracic", "no neck", "no L4", "gaps", "none"],
)
def test_part_of_a_spine_is_refused(levels):
    assert ask(segmentation=segmentation(levels)).code is Code.COVERAGE_TOO_SMALL


def test_missing_model_is_passed_through():
    refusal = Refusal(Code.MODEL_MISSING, "None.", "age")

    assert ask(model=refusal) == refusal


@pytest.mark.parametrize("bias", [None, BiasLine(0.49, 20.0, 50), BiasLine(-1.0, 20.0, 50)])
def test_unreliable_bias_line_withholds_the_age(bias):
    found = ask(model=replace(model(), bias=bias))

    assert found.code is Code.BIAS_UNRELIABLE


@pytest.mark.parametrize("weak", ["model", "segmentation"])
def test_weak_evidence_of_either_model_withholds_without_computing(weak):
    asked = model(evidence=Evidence.SYNTHETIC if weak == "model" else Evidence.PROSPECTIVE)
    spine = segmentation(
        evidence=Evidence.SYNTHETIC if weak == "segmentation" else Evidence.PROSPECTIVE
    )

    found = ask(model=asked, segmentation=spine)

    assert found.code is Code.MODEL_NOT_VALIDATED
    assert asked.network.body.batches == []


def test_lowered_gate_shows_the_weakest_evidence():
    found = ask(model=model(evidence=Evidence.SYNTHETIC), minimum_evidence=Evidence.SYNTHETIC)

    assert found.evidence is Evidence.SYNTHETIC


def test_not_a_number_never_reaches_the_report():
    assert ask(model=model(years=float("nan"))).code is Code.NOT_FINITE


def test_patients_reason_comes_before_the_models():
    found = ask(
        patient=patient(20.0),
        segmentation=segmentation(WHOLE[-7:]),
        model=Refusal(Code.MODEL_MISSING, "None.", "age"),
    )

    assert found.code is Code.AGE_OUT_OF_RANGE


def test_masks_that_cannot_be_right_have_no_age():
    refusal = Refusal(Code.SEGMENTATION_IMPLAUSIBLE, "Half of it cannot be right.", "study")
    whole = segmentation()
    found = ask(segmentation=replace(whole, quality=replace(whole.quality, refusals=(refusal,))))

    assert found == replace(refusal, subject="age")


def test_a_disc_that_is_withheld_leaves_the_age():
    refusal = Refusal(Code.SIZE_IMPLAUSIBLE, "Too high.", "L4/L5")
    whole = segmentation()
    found = ask(segmentation=replace(whole, quality=replace(whole.quality, refusals=(refusal,))))

    assert isinstance(found, AgeEstimate)
