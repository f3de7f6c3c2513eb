from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from spine.age.estimation import AgeSettings, estimate
from spine.anatomy.geometry import SpineGeometry, VertebraGeometry
from spine.anatomy.levels import Level, Region
from spine.dicom.study import PatientFacts
from spine.errors import Code, Refusal
from spine.findings import AgeEstimate, Evidence, ModelReference, Quality, Segmentation
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import BiasLine, Model
from spine.preprocessing.age import AgeSpec, age_input

SPEC = AgeSpec(spacing_mm=(3.0, 6.0, 6.0), shape=(14, 32, 64))
WHOLE = [
    level
    for level in Level
    if level.region is not Region.SACRAL and level not in (Level.C1, Level.T13, Level.L6, Level.L7)
]


class FixedNetwork:
    """Answers one age and keeps what it was asked."""

    def __init__(self, years):
        self.years = years
        self.batches = []

    def __call__(self, batch):
        self.batches.append(batch)
        return np.full((len(batch), 1), self.years, dtype=np.float32)


def reference(name, evidence=Evidence.RETROSPECTIVE):
    return ModelReference(name, "0.1.0", "0" * 64, evidence)


def patient(age=50.0, refusal=None):
    return PatientFacts("1", "A", date(1970, 1, 1), "F", date(2020, 1, 1), age, refusal)


def segmentation(levels=WHOLE, evidence=Evidence.RETROSPECTIVE):
    shape = (11, 30, 70)
    affine = np.diag([4.0, 5.0, 5.0, 1.0])
    data = np.random.default_rng(0).uniform(0, 9, size=shape).astype(np.float32)
    labels = np.zeros(shape, dtype=np.uint8)
    labels[4:7, 12:16, 5:65] = 44
    vertebrae = tuple(VertebraGeometry(level, (0, 0, 0), 30.0, 20.0) for level in levels)
    return Segmentation(
        Volume(data, affine),
        LabelMap(labels, affine),
        SpineGeometry(vertebrae, (), 30.0),
        Quality(len(levels), levels_certain=True),
        reference("spine-segmentation", evidence),
    )


def model(years=60.0, slope=0.8, intercept=10.0, evidence=Evidence.RETROSPECTIVE):
    bias = BiasLine(slope, intercept, 100)
    return Model(reference("age-dcnn", evidence), SPEC, FixedNetwork(years), bias)


def ask(**changes):
    arguments = {
        "patient": patient(),
        "segmentation": segmentation(),
        "model": model(),
        "settings": AgeSettings(),
        "minimum_evidence": Evidence.RETROSPECTIVE,
    }
    return estimate(**{**arguments, **changes})


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


def test_network_sees_bit_for_bit_what_training_sees():
    asked, spine = model(), segmentation()

    ask(model=asked, segmentation=spine)

    training = age_input(spine.volume, spine.labels, SPEC)
    np.testing.assert_array_equal(asked.network.batches[0], training[None], strict=True)


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
    assert asked.network.batches == []


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
