from dataclasses import replace

import numpy as np
import pytest
import torch

from research.training.examples import ArrayExamples
from research.training.loop import (
    Task,
    TrainingSettings,
    fit,
    predict,
    settle_statistics,
)

pytestmark = pytest.mark.slow

SETTINGS = TrainingSettings(epochs=4, learning_rate=0.05, batch_size=4)


def examples(seed, count=24):
    inputs = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    return ArrayExamples(inputs, (inputs @ np.array([[1.0], [-2.0], [0.5]])).astype(np.float32))


def jitter(item, rng):
    return item + torch.from_numpy(rng.normal(0, 0.01, size=item.shape).astype(np.float32))


def task():
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.1))
    network.append(torch.nn.BatchNorm1d(8)).append(torch.nn.Linear(8, 1))
    return Task(network, torch.nn.MSELoss(), examples(0), examples(1), jitter)


def weights(network):
    return torch.cat([tensor.flatten().float() for tensor in network.state_dict().values()])


def test_loss_falls_and_the_best_weights_are_kept(tmp_path):
    trained = task()

    fit(trained, replace(SETTINGS, epochs=30), tmp_path)

    outputs = predict(trained.network, trained.validation, 5)
    error = float(((outputs - trained.validation.targets) ** 2).mean())
    curves = np.genfromtxt(tmp_path / "curves.csv", delimiter=",", names=True)
    assert error == pytest.approx(curves["validation_loss"].min(), rel=1e-4)
    assert error < 0.5 * curves["validation_loss"][0]
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_resumed_run_equals_an_unbroken_one(tmp_path):
    unbroken, broken, resumed = task(), task(), task()
    fit(unbroken, SETTINGS, tmp_path / "unbroken")

    fit(broken, replace(SETTINGS, epochs=2), tmp_path / "broken")
    fit(resumed, SETTINGS, tmp_path / "broken")

    assert torch.equal(weights(resumed.network), weights(unbroken.network))


def test_settled_statistics_are_those_of_the_data():
    network = torch.nn.Sequential(torch.nn.BatchNorm1d(3))
    inputs = np.random.default_rng(0).normal(5, 2, size=(64, 3)).astype(np.float32)

    settle_statistics(network, ArrayExamples(inputs), replace(SETTINGS, batch_size=64))

    np.testing.assert_allclose(network[0].running_mean, inputs.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(network[0].running_var, inputs.var(axis=0, ddof=1), rtol=1e-5)
    assert network[0].momentum == 0.1


def norm_of(network):
    return next(module for module in network if isinstance(module, torch.nn.BatchNorm1d))


def test_frozen_norms_keep_the_statistics_of_the_start(tmp_path):
    frozen, untrained = replace(SETTINGS, freeze_norms=True), task()
    settle_statistics(untrained.network, untrained.training, frozen)
    trained = task()

    fit(trained, frozen, tmp_path)

    start, end = norm_of(untrained.network), norm_of(trained.network)
    assert torch.equal(end.running_mean, start.running_mean)
    assert torch.equal(end.running_var, start.running_var)
    assert not torch.equal(end.weight, start.weight)
    assert not torch.equal(trained.network[0].weight, untrained.network[0].weight)


@pytest.mark.parametrize("freeze_norms", [True, False])
def test_only_frozen_norms_normalize_a_batch_by_settled_statistics(tmp_path, freeze_norms):
    watched = task()
    seen = []
    norm = norm_of(watched.network)
    norm.register_forward_hook(
        lambda module, *_: seen.append((module.training, torch.is_grad_enabled()))
    )

    fit(watched, replace(SETTINGS, epochs=1, freeze_norms=freeze_norms), tmp_path)

    # Settling and validation need no gradient.
    training_steps = {is_training for is_training, has_gradient in seen if has_gradient}
    assert training_steps == {not freeze_norms}


def test_resumed_run_with_frozen_norms_equals_an_unbroken_one(tmp_path):
    frozen = replace(SETTINGS, freeze_norms=True)
    unbroken, broken, resumed = task(), task(), task()
    fit(unbroken, frozen, tmp_path / "unbroken")

    fit(broken, replace(frozen, epochs=2), tmp_path / "broken")
    fit(resumed, frozen, tmp_path / "broken")

    assert torch.equal(weights(resumed.network), weights(unbroken.network))


def test_learning_rate_falls_on_a_plateau(tmp_path):
    stuck = replace(SETTINGS, epochs=6, learning_rate=1e-2, plateau_patience=1)
    never_better = replace(task(), loss=lambda outputs, _: 1.0 + 0 * outputs.sum())

    fit(never_better, stuck, tmp_path)

    curves = np.genfromtxt(tmp_path / "curves.csv", delimiter=",", names=True)
    assert curves["learning_rate"][0] == pytest.approx(1e-2)
    assert curves["learning_rate"][-1] < 4e-3


def test_numpy_global_state_is_untouched(tmp_path):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (the global state is the point)

    fit(task(), replace(SETTINGS, epochs=1), tmp_path)

    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
