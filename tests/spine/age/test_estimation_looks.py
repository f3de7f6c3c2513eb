from dataclasses import replace

import numpy as np
import pytest

from spine.errors import Code
from spine.imaging.volume import Volume
from spine.inference.features import FeatureCloud, FeatureLimit
from spine.inference.models import HeatLimits
from spine.preprocessing.age import age_input
from tests.spine.age.planted import SPEC, ask, model, segmentation


def looking_model(second=0.0, features=None, limits=None):
    looking = model(second=second, weight=(1.0, -1.0))
    return replace(looking, features=features, heat_limits=limits)


def cloud(distance):
    return FeatureCloud(
        np.array([0.1, 0.0], np.float32),
        np.eye(2, dtype=np.float32),
        FeatureLimit(distance, 100, 100),
    )


def test_the_network_is_run_once_and_says_where_it_looked():
    asked, spine = looking_model(), segmentation()

    found = ask(model=asked, segmentation=spine)

    assert len(asked.network.body.batches) == 1
    mean = age_input(spine.volume, spine.labels, SPEC).mean()
    assert found.uncorrected_age_years == pytest.approx(60 + mean)
    assert found.heat.older.grid.matches(spine.volume.grid)
    assert found.heat.younger is None


def test_without_features_on_the_card_there_is_no_distance():
    assert ask(model=looking_model()).feature_distance is None


def test_limits_of_the_card_reach_the_heat():
    found = ask(model=looking_model(limits=HeatLimits(0.0, 1.0, 50)))

    assert found.heat.outside_spine.limit == 0.0
    assert [caution.code for caution in found.heat.cautions] == [Code.HEAT_OUTSIDE_SPINE]


def test_a_spine_unlike_the_training_cases_has_no_age():
    found = ask(model=looking_model(second=8.0, features=cloud(7.9)))

    assert (found.code, found.subject) == (Code.OUT_OF_DISTRIBUTION, "age")


def test_a_spine_like_the_training_cases_carries_its_distance_and_the_limit():
    found = ask(model=looking_model(second=2.0, features=cloud(7.9)))

    assert found.feature_distance.value == pytest.approx(2.0, abs=0.2)
    assert found.feature_distance.limit == 7.9


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_in_the_last_block_never_reaches_the_report(value):
    assert ask(model=looking_model(second=value)).code is Code.NOT_FINITE


def test_what_is_not_finite_in_the_input_is_refused_though_the_network_hides_it():
    spine = segmentation()
    data = spine.volume.data.copy()
    data[5, 13, 30] = np.nan
    broken = replace(spine, volume=Volume(data, spine.volume.affine))

    assert ask(segmentation=broken).code is Code.NOT_FINITE
