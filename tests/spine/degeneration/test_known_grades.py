from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from spine.anatomy.grades import BaselineKind, Progression, Scale, Undetermined
from spine.anatomy.levels import DiscLevel
from spine.errors import Code
from spine.findings import Evidence
from spine.preprocessing.disc import DiscSpec, disc_grid, disc_input
from tests.spine.degeneration.asking import (
    PATIENT,
    STUDY,
    WIDTH_MM,
    FixedNetwork,
    ask,
    forecast,
    grading,
    models,
    pfirrmann_of,
    prior,
    segmentation,
    settings,
)


def test_temperature_flattens_the_probabilities_and_changes_no_grade():
    hot = {scale: replace(model, temperature=2.0) for scale, model in models().items()}

    found = pfirrmann_of(ask(models_by_scale=hot))

    # Odds of 1 : 2 : 4 : 1 : 2 become their square roots.
    odds = np.sqrt([1, 2, 4, 1, 2])
    assert found.probabilities == pytest.approx(odds / odds.sum())
    assert (found.predicted_grade, found.temperature) == (3, 2.0)


def test_prediction_and_probability_that_contradict_each_other_are_both_shown(tmp_path):
    # Grades 1 to 3 in five years have odds of 3 : 2 : 2 (: 0), so that from 1 most get worse.
    odds = np.array([3, 2, 2, 1e-6, 1e-6], dtype=np.float32)
    network = FixedNetwork(5, np.log(odds))
    asked = models()
    asked[Scale.PFIRRMANN] = replace(asked[Scale.PFIRRMANN], network=network)

    found = pfirrmann_of(
        ask(models_by_scale=asked, settings=settings(tmp_path, ("L1/L2", "pfirrmann", 1)))
    )

    assert found.progression is Progression.UNDETERMINED
    assert found.undetermined is Undetermined.CONTRADICTION
    assert found.grade_progression is Progression.UNCHANGED
    assert found.progression_probability == pytest.approx(4 / 7, abs=1e-5)


def test_sources_are_believed_in_the_order_table_prior_model(tmp_path):
    model = grading(Scale.PFIRRMANN, 1, 1, 1, 1, 96)
    study = replace(STUDY, priors=(prior(4),))
    table = settings(tmp_path, ("L1/L2", "pfirrmann", 2))

    by_table = pfirrmann_of(ask(study, settings=table, gradings=[model]))
    by_prior = pfirrmann_of(ask(study, gradings=[model]))
    by_model = pfirrmann_of(ask(gradings=[model]))

    found = [item.baseline for item in (by_table, by_prior, by_model)]
    assert [(item.grade, item.kind) for item in found] == [
        (2, BaselineKind.TABLE),
        (4, BaselineKind.PRIOR),
        (5, BaselineKind.MODEL),
    ]
    assert found[1].source == "earlier report, study of 2019-12-01"
    assert found[2].source == "grading model disc-pfirrmann-grade 0.1.0"


def test_prior_does_not_replace_an_invalid_row_of_the_table(tmp_path):
    study = replace(STUDY, priors=(prior(4),))

    found = ask(study, settings=settings(tmp_path, ("L1/L2", "pfirrmann", 9)))

    assert pfirrmann_of(found).code is Code.BASELINE_INVALID


def test_model_is_not_asked_about_a_disc_that_was_read(tmp_path):
    model = grading(Scale.PFIRRMANN, 1, 1, 1, 1, 96)

    ask(settings=settings(tmp_path, ("L1/L2", "pfirrmann", 2)), gradings=[model])

    assert len(model.network.batches) == 4


def test_prior_of_another_year_is_no_baseline_and_is_said():
    old = replace(STUDY, priors=(prior(4, date(2015, 1, 1)),))

    found = ask(old)

    assert pfirrmann_of(found).baseline is None
    assert [caution.code for caution in found[0].cautions] == [Code.BASELINE_TOO_OLD]


def test_probability_is_summed_over_the_grading_models_distribution():
    # Now 90% grade 2, 10% grade 3; in five years 10, 20, 40, 10, 20% for grades 1 to 5.
    model = grading(Scale.PFIRRMANN, 1e-9, 9, 1, 1e-9, 1e-9)

    found = pfirrmann_of(ask(gradings=[model]))

    assert found.baseline.grading.probabilities == pytest.approx((0, 0.9, 0.1, 0, 0), abs=1e-6)
    assert found.progression_probability == pytest.approx(0.9 * 0.7 + 0.1 * 0.3)
    assert found.progression is Progression.PROGRESSED


@pytest.mark.parametrize(("share", "said"), [(0.79, False), (0.81, True)])
def test_state_is_named_only_where_the_grading_model_is_certain(share, said):
    # All that is not grade 2 is grade 1, from which a disc gets worse all the more.
    model = grading(Scale.PFIRRMANN, 1 - share, share, 1e-9, 1e-9, 1e-9)

    found = pfirrmann_of(ask(gradings=[model]))

    assert found.baseline.grade == 2
    assert (found.progression is Progression.PROGRESSED) == said
    assert found.undetermined is (None if said else Undetermined.UNSURE_BASELINE)
    assert found.progression_probability == pytest.approx(share * 0.7 + (1 - share) * 0.9)


def test_temperature_of_a_grading_model_makes_it_less_certain():
    odds = (1e-9, 81, 9, 1e-9, 1e-9)

    sure = pfirrmann_of(ask(gradings=[grading(Scale.PFIRRMANN, *odds)]))
    unsure = pfirrmann_of(ask(gradings=[grading(Scale.PFIRRMANN, *odds, temperature=2.0)]))

    assert sure.baseline.grading.certainty == pytest.approx(0.9)
    assert unsure.baseline.grading.certainty == pytest.approx(0.75, abs=1e-3)
    assert unsure.undetermined is Undetermined.UNSURE_BASELINE


BULGING = ((0,), (1,), (2, 3))


def test_disc_at_two_or_more_is_undetermined():
    model = grading(Scale.BULGING, 1, 1, 98, classes=BULGING)

    found = forecast(ask(gradings=[model])[0], Scale.BULGING)

    assert (found.baseline.grade, found.baseline.is_open) == (2, True)
    assert found.progression is Progression.UNDETERMINED
    assert found.undetermined is Undetermined.OPEN_CLASS
    assert found.progression_probability is None


def test_share_of_two_or_more_counts_as_two():
    # In five years 1/8, 2/8, 4/8, 1/8 for grades 0 to 3.
    model = grading(Scale.BULGING, 5, 85, 10, classes=BULGING)

    found = forecast(ask(gradings=[model])[0], Scale.BULGING)

    wanted = 0.05 * 7 / 8 + 0.85 * 5 / 8 + 0.10 * 1 / 8
    assert found.progression_probability == pytest.approx(wanted)
    assert found.progression is Progression.PROGRESSED


def test_highest_grade_by_a_model_is_not_at_risk():
    model = grading(Scale.PFIRRMANN, 1e-9, 1e-9, 1e-9, 5, 95)

    assert pfirrmann_of(ask(gradings=[model])).progression is Progression.NOT_AT_RISK


def test_grading_model_of_weak_evidence_is_no_source_and_loses_nothing_else():
    model = grading(Scale.PFIRRMANN, 1, 1, 1, 1, 96, evidence=Evidence.SYNTHETIC)

    found = ask(gradings=[model])

    assert pfirrmann_of(found).baseline is None
    assert pfirrmann_of(found).predicted_grade == 3
    assert [caution.code for caution in found[0].cautions] == [Code.GRADING_NOT_VALIDATED]
    assert model.network.batches == []


def test_evidence_is_the_lowest_of_all_models_passed_through():
    model = grading(Scale.PFIRRMANN, 1, 1, 1, 1, 96, evidence=Evidence.SYNTHETIC)

    found = ask(gradings=[model], minimum_evidence=Evidence.SYNTHETIC)

    assert pfirrmann_of(found).evidence is Evidence.SYNTHETIC
    assert forecast(found[0], Scale.BULGING).evidence is Evidence.RETROSPECTIVE


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_grading_model_without_finite_numbers_is_no_source(number):
    broken = replace(
        grading(Scale.PFIRRMANN, 1, 1, 1, 1, 1),
        network=lambda _: np.array([[0.0, number, 0.0, 0.0, 0.0]], dtype=np.float32),
    )

    found = pfirrmann_of(ask(gradings=[broken]))

    assert (found.baseline, found.predicted_grade) == (None, 3)


def test_assessment_keeps_what_the_networks_saw_and_where():
    spine = segmentation()

    found = ask(segmentation=spine)[2]

    frame = spine.geometry.disc(DiscLevel.L3_L4).frame
    spec = DiscSpec(Scale.PFIRRMANN)
    training = disc_input(spine.volume, frame, WIDTH_MM, spec)
    np.testing.assert_array_equal(found.region.data, training)
    np.testing.assert_allclose(found.region.affine, disc_grid(frame, WIDTH_MM, spec).affine)


def test_under_18_is_said_beside_every_forecast_and_withholds_none():
    young = replace(STUDY, patient=replace(PATIENT, age_years=17.9))

    found = ask(young)

    assert all(item.cautions[0].code is Code.UNDER_18 for item in found)
    assert pfirrmann_of(found).predicted_grade == 3
    assert ask()[0].cautions == ()


def test_withheld_forecasts_are_cautioned_about_nothing():
    young = replace(STUDY, patient=replace(PATIENT, age_years=12.0))

    found = ask(young, models_by_scale=models(Evidence.SYNTHETIC))

    assert all(item.cautions == () and item.region is None for item in found)
