from dataclasses import replace

import numpy as np
import pytest

from spine.anatomy.grades import Progression, Scale
from spine.anatomy.levels import LUMBAR_DISCS, DiscLevel
from spine.errors import Code, Refusal
from spine.findings import DiscAssessment, Evidence
from spine.preprocessing.disc import disc_input
from tests.spine.degeneration.asking import (
    WIDTH_MM,
    ask,
    disc,
    forecast,
    models,
    segmentation,
    settings,
)


def test_every_lumbar_disc_is_forecast_on_every_scale():
    found = ask()

    assert [assessment.level for assessment in found] == list(LUMBAR_DISCS)
    assert all(len(assessment.forecasts) == 3 for assessment in found)
    pfirrmann = forecast(found[0], Scale.PFIRRMANN)
    assert pfirrmann.probabilities == pytest.approx((0.1, 0.2, 0.4, 0.1, 0.2))
    assert pfirrmann.predicted_grade == 3
    assert forecast(found[0], Scale.BULGING).predicted_grade == 2


def test_without_a_baseline_progression_is_never_guessed():
    pfirrmann = forecast(ask()[0], Scale.PFIRRMANN)

    assert pfirrmann.baseline is None
    assert pfirrmann.progression is Progression.UNDETERMINED
    assert pfirrmann.progression_probability is None


@pytest.mark.parametrize(
    ("grade", "state", "probability"),
    [
        (1, Progression.PROGRESSED, 0.9),
        (2, Progression.PROGRESSED, 0.7),
        (3, Progression.UNCHANGED, 0.3),
        (4, Progression.IMPROVED, 0.2),
        (5, Progression.NOT_AT_RISK, 0.0),
    ],
)
def test_forecast_is_compared_with_the_baseline(tmp_path, grade, state, probability):
    found = ask(settings=settings(tmp_path, ("L1/L2", "pfirrmann", grade)))

    pfirrmann = forecast(found[0], Scale.PFIRRMANN)
    assert pfirrmann.baseline.grade == grade
    assert pfirrmann.progression is state
    assert pfirrmann.progression_probability == pytest.approx(probability)
    assert forecast(found[1], Scale.PFIRRMANN).baseline is None


def test_invalid_baseline_refuses_only_its_scale(tmp_path):
    found = ask(settings=settings(tmp_path, ("L1/L2", "bulging", 9)))

    assert forecast(found[0], Scale.BULGING).code is Code.BASELINE_INVALID
    assert forecast(found[0], Scale.PFIRRMANN).predicted_grade == 3


def test_network_sees_bit_for_bit_what_training_sees():
    asked, spine = models(), segmentation()

    ask(models_by_scale=asked, segmentation=spine)

    model = asked[Scale.BULGING]
    frame = spine.geometry.disc(DiscLevel.L3_L4).frame
    training = disc_input(spine.volume, frame, WIDTH_MM, model.spec)
    np.testing.assert_array_equal(model.network.batches[2], training[None], strict=True)


def test_disc_not_found_is_refused_and_the_others_stay():
    found = ask(segmentation=segmentation(LUMBAR_DISCS[:3]))

    assert [type(item) for item in found] == [DiscAssessment] * 3 + [Refusal] * 2
    assert found[4] == Refusal(Code.DISC_NOT_FOUND, "The disc was not found.", "L5/S1")


def test_discs_of_a_sixth_lumbar_vertebra_are_added_in_order():
    six = (*LUMBAR_DISCS[1:4], DiscLevel.L5_L6, DiscLevel.L6_S1)

    found = ask(segmentation=segmentation(six))

    names = [item.level if isinstance(item, DiscAssessment) else item.subject for item in found]
    assert names == ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/L6", "L5/S1", "L6/S1"]


def test_disc_out_of_the_image_is_refused():
    spine = segmentation()
    geometry = replace(spine.geometry, discs=(disc(DiscLevel.L1_L2, 150.0),))

    found = ask(segmentation=replace(spine, geometry=geometry))

    assert {item.code for item in found[0].forecasts} == {Code.DISC_OUT_OF_FIELD}
    assert forecast(found[0], Scale.BULGING).subject == "L1/L2 bulging"


def test_uncertain_levels_refuse_every_disc():
    found = ask(segmentation=segmentation(certain=False))

    assert [item.code for item in found] == [Code.LEVEL_UNCERTAIN] * 5


def test_refused_segmentation_refuses_every_disc():
    found = ask(segmentation=Refusal(Code.SEGMENTATION_FAILED, "No spine.", "study"))

    assert [item.subject for item in found] == [level.value for level in LUMBAR_DISCS]
    assert {item.code for item in found} == {Code.SEGMENTATION_FAILED}


def test_missing_model_refuses_only_its_scale():
    missing = Refusal(Code.MODEL_MISSING, "None.", "bulging")

    found = ask(models_by_scale={**models(), Scale.BULGING: missing})

    assert forecast(found[0], Scale.BULGING) == replace(missing, subject="L1/L2 bulging")
    assert forecast(found[0], Scale.PFIRRMANN).predicted_grade == 3


@pytest.mark.parametrize("weak", ["model", "segmentation"])
def test_weak_evidence_withholds_without_computing(weak):
    asked = models(Evidence.SYNTHETIC if weak == "model" else Evidence.PROSPECTIVE)
    spine = segmentation(
        evidence=Evidence.SYNTHETIC if weak == "segmentation" else Evidence.PROSPECTIVE
    )

    found = ask(models_by_scale=asked, segmentation=spine)

    codes = {item.code for assessment in found for item in assessment.forecasts}
    assert codes == {Code.MODEL_NOT_VALIDATED}
    assert all(model.network.batches == [] for model in asked.values())


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_scale_without_finite_numbers_is_refused_and_loses_no_other(number):
    spoiled = models()
    broken = replace(spoiled[Scale.BULGING], network=lambda _: np.array([[0.0, number, 0.0, 0.0]]))
    spoiled[Scale.BULGING] = broken

    found = ask(models_by_scale=spoiled)

    for assessment in found:
        refused = [item for item in assessment.forecasts if isinstance(item, Refusal)]
        assert [(item.code, item.subject) for item in refused] == [
            (Code.NOT_FINITE, f"{assessment.level} bulging")
        ]
        assert len(assessment.forecasts) == len(Scale)


def withheld(subject):
    refusal = Refusal(Code.SIZE_IMPLAUSIBLE, "Too high.", subject)
    whole = segmentation()
    return refusal, replace(whole, quality=replace(whole.quality, refusals=(refusal,)))


def test_an_implausible_disc_is_withheld_and_no_other():
    refusal, found = withheld("L3/L4")
    assessed = ask(segmentation=found)

    assert assessed[2] == refusal
    assert [isinstance(item, Refusal) for item in assessed] == [False, False, True, False, False]


def test_masks_that_cannot_be_right_withhold_every_disc():
    refusal, found = withheld("study")

    assert ask(segmentation=found) == tuple(
        replace(refusal, subject=level) for level in LUMBAR_DISCS
    )
