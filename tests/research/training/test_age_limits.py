import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from research.cohort import SubjectRecord, write_subject
from research.export import write_model
from research.training.age_limits import (
    Looks,
    Part,
    fit_features,
    fit_heat_limits,
    limit_age,
    limit_of,
    look,
)
from spine.age.novelty import feature_distance
from spine.anatomy.labels import VERTEBRA_LABELS
from spine.anatomy.levels import Level
from spine.findings import Evidence
from spine.imaging.volume import LabelMap, Volume
from spine.inference.approval import Approval
from spine.inference.backends import Backend, Hardware
from spine.inference.cards import CARD_FILE
from spine.inference.loading import _age
from spine.inference.models import AGE_NAME, AgeIntervals, BiasLine, BracketErrors
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network
from spine.networks.age_dcnn import AgeDCNN
from spine.networks.age_head import head_from_network
from spine.preprocessing.age import AgeSpec

pytestmark = pytest.mark.slow

# Two by two cells.
SPEC = AgeSpec(spacing_mm=(3.0, 4.0, 4.0), shape=(14, 64, 64))
MEAN = np.array([3.0, -1.0, 0.5, 8.0])
# Planted: two correlated features, one wide and one narrow.
COVARIANCE = np.array(
    [[4.0, 1.8, 0.0, 0.0], [1.8, 1.0, 0.0, 0.0], [0.0, 0.0, 100.0, 0.0], [0.0, 0.0, 0.0, 0.25]]
)


def planted(seed, count):
    return np.random.default_rng(seed).multivariate_normal(MEAN, COVARIANCE, size=count)


def true_distance(point):
    deviation = point - MEAN
    return np.sqrt(deviation @ np.linalg.inv(COVARIANCE) @ deviation)


def test_distance_is_that_of_the_planted_covariance():
    cloud = fit_features(planted(0, 20_000), planted(1, 1000))

    for point in planted(2, 20):
        found = feature_distance(point.astype(np.float32), cloud)
        assert found == pytest.approx(true_distance(point), rel=0.1)


def test_far_is_told_by_spread_and_correlation_not_by_length():
    cloud = fit_features(planted(0, 5000), planted(1, 1000))

    def is_refused(*deviation):
        return feature_distance(np.float32(MEAN + deviation), cloud) > cloud.limit.distance

    assert not is_refused(0, 0, 20, 0)
    assert is_refused(0, 0, 0, 4)
    assert not is_refused(4, 1.8, 0, 0)
    assert is_refused(4, -1.8, 0, 0)


def test_at_most_one_percent_of_validation_cases_is_refused():
    validation = planted(1, 1000)
    cloud = fit_features(planted(0, 500), validation)

    distances = np.array([feature_distance(row, cloud) for row in validation.astype(np.float32)])

    # Ten of a thousand, not one more and, without ties, not one less.
    assert (distances > cloud.limit.distance).sum() == 10
    assert (cloud.limit.training_cases, cloud.limit.validation_cases) == (500, 1000)


def test_most_of_another_population_is_refused():
    cloud = fit_features(planted(0, 500), planted(1, 200))

    other = planted(2, 200) + np.array([0, 2.5, 0, 0])
    refused = [feature_distance(row, cloud) > cloud.limit.distance for row in np.float32(other)]

    assert np.mean(refused) > 0.9


def test_a_feature_that_never_fired_in_training_leaves_the_fit_possible_and_stands_out():
    silent = np.zeros((300, 1))
    training = np.hstack([planted(0, 300), silent])
    cloud = fit_features(training, np.hstack([planted(1, 300), silent]))

    fires = np.float32([*MEAN, 60.0])

    assert feature_distance(fires, cloud) > cloud.limit.distance


def test_limits_by_hand():
    assert limit_of(np.arange(99.0)) == 98
    assert limit_of(np.arange(100.0)) == 98
    assert limit_of(np.arange(300.0)[::-1]) == 296
    assert limit_of(np.array([0.1, np.nan, 0.3])) == 0.3


def test_shares_that_are_never_known_give_a_limit_that_nothing_exceeds():
    unknown = np.full(3, np.nan)

    limits = fit_heat_limits(Looks(np.zeros((3, 4)), np.array([0.1, 0.3, 0.2]), unknown))

    assert (limits.outside_spine, limits.above_c2, limits.cases) == (0.3, 1.0, 3)
    with pytest.raises(ValueError, match="needs cases"):
        limit_of(unknown)


def cohort(folder, count):
    records = []
    for number in range(count):
        rng = np.random.default_rng(number)
        data = (50 + 100 * rng.random((10, 60, 60))).astype(np.float32)
        labels = np.zeros(data.shape, dtype=np.uint8)
        labels[3:7, 24:36, 4:50] = VERTEBRA_LABELS[Level.T5]
        labels[3:7, 24:36, 50:54] = VERTEBRA_LABELS[Level.C2]
        affine = np.diag([4.0, 4.0, 4.0, 1.0])
        record = SubjectRecord(f"s{number:02}", 40.0 + number, "F", {})
        write_subject(folder, record, Volume(data, affine), LabelMap(labels, affine))
        records.append(record)
    return tuple(records)


def exported_model(models, network, **facts):
    """Write an age model without limits, as training does, and return its weights."""
    weights = bytes_from_network(network)
    data = {"description": "x", "training_subjects": 4, "validation_subjects": 2}
    facts = {"name": AGE_NAME, "version": "0.1.0", "input": asdict(SPEC), "metrics": (), **facts}
    write_model(models, {WEIGHTS_FILE: weights}, **facts, data={**data, "test_subjects": 0})
    return weights


def loaded(models, digest):
    approved = {AGE_NAME: Approval(digest, Evidence.SYNTHETIC)}
    return _age(models / AGE_NAME, approved, Hardware(Backend.TORCH))


def test_limits_are_written_beside_the_weights_and_loaded_by_the_service(tmp_path):
    torch.manual_seed(1)
    network = AgeDCNN().eval()
    models = tmp_path / "models"
    weights = exported_model(models, network)
    records = cohort(tmp_path / "cohort", 5)
    seen, held = (Part(tmp_path / "cohort", part) for part in (records[:3], records[3:]))
    features = look(network, seen, SPEC).features

    model = loaded(models, limit_age(models / AGE_NAME, features, held))

    unseen = look(network, held, SPEC)
    assert (models / AGE_NAME / WEIGHTS_FILE).read_bytes() == weights
    assert model.heat_limits.outside_spine == pytest.approx(unseen.outside_spine.max())
    assert model.heat_limits.cases == 2
    far = max(feature_distance(row, model.features) for row in np.float32(unseen.features))
    assert model.features.limit.distance == pytest.approx(far)


def test_what_the_card_said_before_stays_on_it(tmp_path):
    bracket = BracketErrors(25, 84, 40, 8.5, tuple(np.linspace(-9.8, 9.8, 99)))
    before = {
        "bias": asdict(BiasLine(0.8, 10.0, 40)),
        "intervals": asdict(AgeIntervals(90, "synthetic", (bracket,))),
    }
    exported_model(tmp_path / "models", AgeDCNN().eval(), **before)
    path = tmp_path / "models" / AGE_NAME / CARD_FILE
    old = json.loads(path.read_bytes())
    held = Part(tmp_path / "cohort", cohort(tmp_path / "cohort", 2))

    limit_age(path.parent, np.random.default_rng(0).normal(size=(3, 64)), held)

    new = json.loads(path.read_bytes())
    assert set(new) - set(old) == {"heat_limits", "feature_limit"}
    assert all(new[name] == value for name, value in old.items() if name != "files")


def test_features_are_those_of_the_head(tmp_path):
    torch.manual_seed(2)
    network = AgeDCNN().eval()
    records = cohort(tmp_path, 2)

    looks = look(network, Part(tmp_path, records), SPEC)

    assert looks.features.shape == (2, 64)
    weight = head_from_network(network).weight
    assert np.isfinite(looks.features @ weight).all()
    assert ((looks.outside_spine >= 0) & (looks.outside_spine <= 1)).all()
    assert ((looks.above_c2 >= 0) & (looks.above_c2 < looks.outside_spine)).all()


def test_a_part_without_cases_is_said_to_be_empty(tmp_path):
    with pytest.raises(ValueError, match="no cases"):
        look(AgeDCNN(), Part(tmp_path, ()), SPEC)


def test_two_training_cases_have_no_spread():
    features = np.random.default_rng(0).normal(size=(2, 4))
    with pytest.raises(ValueError, match="2 training cases"):
        fit_features(features, features)
