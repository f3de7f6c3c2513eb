from dataclasses import replace

import numpy as np
import pytest

from phantom.subjects import subject
from research.worlds.age import SPREAD
from research.worlds.findings import feature_names, reported_features
from spine.anatomy.grades import Bulging, Pfirrmann, Schneiderman


def person(age=30.0, **discs):
    """A young subject whose signs of wear are wiped away but for those given by disc."""
    young = subject(5, age_years=age, sex="F", spread=SPREAD)
    clean = {
        "schneiderman": Schneiderman.NORMAL,
        "pfirrmann": Pfirrmann.HOMOGENEOUS_BRIGHT,
        "bulging": Bulging.NONE,
        "bulge_mm": 0.0,
        "extrusion_mm": 0.0,
        "migration_mm": 0.0,
        "fissure": False,
        "modic_type": 0,
        "schmorl_mm": 0.0,
        "osteophyte_mm": 0.0,
        "stenosis": 0.0,
        "slip_mm": 0.0,
    }
    changed = tuple(
        replace(disc, **{**clean, **discs.get(disc.level.name, {})}) for disc in young.discs
    )
    whole = tuple(replace(state, wedge_fracture=0.0) for state in young.vertebrae)
    return replace(young, discs=changed, vertebrae=whole)


def reported(someone):
    return {
        name: value
        for name, value in zip(feature_names(), reported_features(someone), strict=True)
        if value
    }


def test_there_are_67_features_with_names_of_their_own():
    assert len(feature_names()) == len(set(feature_names())) == 67
    assert feature_names()[:2] == ("cervical disc_bulge mild", "cervical disc_bulge moderate")
    assert feature_names()[-1] == "spondylolisthesis"


def test_a_spine_without_wear_has_no_finding():
    assert reported(person()) == {}


@pytest.mark.parametrize(
    ("disc", "state", "features"),
    [
        ("L4_L5", {"bulge_mm": 2.0, "bulging": Bulging.BULGE}, {"lumbar disc_bulge mild"}),
        ("L4_L5", {"bulge_mm": 3.0, "bulging": Bulging.BULGE}, {"lumbar disc_bulge moderate"}),
        # Drawn half as deep in the neck, so that 2 mm there are severe.
        ("C5_C6", {"bulge_mm": 2.0, "bulging": Bulging.BULGE}, {"cervical disc_bulge severe"}),
        (
            "C5_C6",
            {"osteophyte_mm": 2.0},
            {"cervical disc_osteophyte mild", "cervical uncovertebral_osteophyte mild"},
        ),
        ("T7_T8", {"osteophyte_mm": 4.0}, {"thoracic disc_osteophyte moderate"}),
        (
            "L5_S1",
            {"bulging": Bulging.EXTRUSION, "extrusion_mm": 3.6},
            {"lumbar protrusion mild"},
        ),
        ("L5_S1", {"bulging": Bulging.EXTRUSION, "extrusion_mm": 5.0}, {"lumbar extrusion mild"}),
        (
            "L5_S1",
            {"bulging": Bulging.SEQUESTRATION, "extrusion_mm": 5.5, "migration_mm": 6.0},
            {"lumbar extrusion moderate"},
        ),
        ("L1_L2", {"schneiderman": Schneiderman.SPECKLED}, {"lumbar desiccation mild"}),
        (
            "L1_L2",
            {
                "schneiderman": Schneiderman.SIGNAL_VOID,
                "pfirrmann": Pfirrmann.BLACK_COLLAPSED,
            },
            {"lumbar desiccation near_complete"},
        ),
        ("T5_T6", {"schmorl_mm": 4.0}, {"thoracic endplate_change present"}),
        # The disc of C7 and T1 stands under C7.
        ("C7_T1", {"fissure": True}, {"cervical annular_fissure present"}),
        ("L4_L5", {"stenosis": 0.3}, {"spinal_stenosis"}),
        ("L4_L5", {"slip_mm": 4.0}, {"spondylolisthesis"}),
    ],
)
def test_each_sign_is_reported_by_region_and_severity(disc, state, features):
    found = reported(person(**{disc: state}))

    assert found == dict.fromkeys(features, 1.0)


def test_levels_of_a_region_are_counted():
    sign = {"bulge_mm": 2.0, "bulging": Bulging.BULGE}

    found = reported(person(L3_L4=sign, L4_L5=sign, L5_S1=sign))

    assert found == {"lumbar disc_bulge mild": 3.0}


def test_a_fracture_is_told():
    whole = person()
    broken = tuple(
        replace(state, wedge_fracture=0.3 if state.level.value == "T12" else 0.0)
        for state in whole.vertebrae
    )

    assert reported(replace(whole, vertebrae=broken)) == {"fracture": 1.0}


def test_reports_of_the_old_hold_more():
    young, old = (
        np.mean(
            [reported_features(subject(n, age_years=age, spread=SPREAD)).sum() for n in range(20)]
        )
        for age in (30.0, 80.0)
    )

    assert old > 2 * young
