import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from research.training.discs import fit_state, fitting
from research.training.discs.batches import DeviceInputs
from research.training.discs.fit_settings import FitSettings
from research.training.discs.fitting import Discs, fit_network
from spine.inference.weights import bytes_from_network
from spine.networks.vgg_m import VGGM, VGGMWidths

LAYERS = VGGMWidths((4, 4, 4, 4, 4), 8)
SETTINGS = FitSettings(epochs=3, batch_size=8)


@pytest.fixture
def inputs():
    data = np.random.default_rng(0).normal(size=(24, 2, 64, 64)).astype(np.float16)
    return DeviceInputs(data, torch.device("cpu"))


def parts():
    grades = np.arange(24) % 3
    places = np.arange(24)
    return tuple(Discs(p, grades[p], grades[p]) for p in (places[:18], places[18:]))


def network():
    torch.manual_seed(1)
    return VGGM((2, 64, 64), 3, LAYERS)


def curve(folder):
    with (folder / "curves.csv").open(newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


def test_a_run_that_was_cut_off_ends_as_an_unbroken_one(inputs, tmp_path, monkeypatch):
    whole, broken = network(), network()
    fit_network(whole, inputs, parts(), SETTINGS, tmp_path / "whole")
    monkeypatch.setattr(fit_state, "_SAVE_EVERY_S", -1.0)
    trained = fitting._train_epoch

    def cut_off(state, *rest):
        if state.epoch == 2:
            raise KeyboardInterrupt
        return trained(state, *rest)

    monkeypatch.setattr(fitting, "_train_epoch", cut_off)
    with pytest.raises(KeyboardInterrupt):
        fit_network(broken, inputs, parts(), SETTINGS, tmp_path / "broken")
    monkeypatch.setattr(fitting, "_train_epoch", trained)
    again = network()
    fit_network(again, inputs, parts(), SETTINGS, tmp_path / "broken")

    assert curve(tmp_path / "broken") == curve(tmp_path / "whole")
    assert len(curve(tmp_path / "whole")) == 3
    assert bytes_from_network(again) == bytes_from_network(whole)


def test_the_epoch_of_the_lowest_validation_loss_is_kept(inputs, tmp_path):
    found = network()
    fit_network(found, inputs, parts(), SETTINGS, tmp_path / "run")

    _, validation = parts()
    logits = torch.from_numpy(fitting.predict_logits(found, inputs, validation.places))
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(validation.targets))
    assert float(loss) == pytest.approx(min(float(row[2]) for row in curve(tmp_path / "run")))


def test_the_average_follows_the_weights_at_once_and_then_slowly(tmp_path):
    state = fit_state.FitState(network(), SETTINGS, tmp_path, torch.device("cpu"))
    before = next(state.average.parameters()).clone()
    with torch.no_grad():
        for weight in state.network.parameters():
            weight.add_(1.0)

    state.finish_step()
    # One step keeps 1 / 10 of what was.
    assert torch.allclose(next(state.average.parameters()) - before, torch.tensor(0.9), atol=1e-5)
    state.steps = 10_000
    with torch.no_grad():
        for weight in state.network.parameters():
            weight.add_(1.0)
    state.finish_step()
    moved = next(state.average.parameters()) - before
    assert torch.allclose(moved, torch.tensor(0.9 + 0.005 * 1.1), atol=1e-5)


def test_a_spread_target_fades_with_the_distance_from_the_grade():
    spread = fitting.ordinal_targets(torch.tensor([0, 2]), 4, width=0.5)

    assert torch.allclose(spread.sum(dim=1), torch.ones(2))
    assert torch.allclose(spread[0] / spread[0, 0], torch.exp(-2 * torch.arange(4.0)))
    assert spread[1, 1] == spread[1, 3] < spread[1, 2]


def test_targets_and_turns_of_the_settings_reach_the_steps(inputs, tmp_path):
    def loss_of(name, **changed):
        folder = tmp_path / name
        fit_network(network(), inputs, parts(), replace(SETTINGS, epochs=1, **changed), folder)
        return float(curve(folder)[0][1])

    plain = loss_of("plain")
    assert loss_of("again") == plain
    assert loss_of("spread", ordinal_width=0.5) != plain
    assert loss_of("turned", largest_turn_deg=20.0) != plain
    assert loss_of("scaled", largest_scaling=0.2) != plain


def test_without_validation_the_last_epoch_is_kept(inputs, tmp_path, monkeypatch):
    training, _ = parts()
    nobody = Discs(*[np.empty(0, np.int64)] * 3)
    finished, epochs = fit_state.FitState.finish_epoch, []

    def noted(state, *told):
        epochs.append(bytes_from_network(state.average))
        finished(state, *told)

    monkeypatch.setattr(fit_state.FitState, "finish_epoch", noted)
    found = network()
    fit_network(found, inputs, (training, nobody), SETTINGS, tmp_path / "run")

    assert [row[2] for row in curve(tmp_path / "run")] == [""] * 3
    assert len(set(epochs)) == 3
    assert bytes_from_network(found) == epochs[-1]


def test_a_loss_that_is_no_number_wins_no_epoch(tmp_path):
    state = fit_state.FitState(network(), SETTINGS, tmp_path, torch.device("cpu"))
    state.finish_epoch(0, 1.0, 0.5)
    state.finish_epoch(1, 1.0, float("nan"))
    assert state.best_loss == 0.5
