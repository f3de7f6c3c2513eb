"""Fitting one disc network on a device: resumable, the best epoch kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from research.training.discs.balance import Balance, class_weights, epoch_order
from research.training.discs.batches import DeviceInputs, augmented, turned, weights_path
from research.training.discs.fit_settings import FitSettings
from research.training.discs.fit_state import FitState
from spine.inference.weights import load_weights
from spine.networks.vgg_m import VGGM

Integers = NDArray[np.int64]

_PREDICT_BATCH = 512


@dataclass(frozen=True, slots=True, eq=False)
class Discs:
    """Some discs.

    Attributes
    ----------
    places : where their inputs are
    targets, baselines : follow-up and baseline grades as classes from 0
    """

    places: Integers
    targets: Integers
    baselines: Integers

    def __len__(self) -> int:
        """Return the number of discs."""
        return len(self.targets)


def fit_network(
    network: VGGM,
    inputs: DeviceInputs,
    parts: tuple[Discs, Discs],
    settings: FitSettings,
    folder: Path,
    balance: Balance = Balance.PLAIN,
) -> None:
    """Train on (training, inner validation) discs and leave the best epoch's weights.

    Without validation discs the last epoch's are left.

    Measured and kept is a running average of the weights, which a few thousand discs with
    noisy courses move less than the weights themselves.

    What is random depends on seed and epoch alone, so that a resumed run equals an unbroken
    one; a finished one is only loaded.
    """
    training, validation = parts
    state = FitState(network, settings, folder, inputs.device)
    if state.epoch < settings.epochs:
        for epoch in _epochs(state):
            trained = _train_epoch(state, inputs, training, balance)
            state.finish_epoch(epoch, trained, _held_out_loss(state, inputs, validation))
        state.save()
    load_weights(network, weights_path(folder).read_bytes())


def predict_logits(
    network: nn.Module, inputs: DeviceInputs, places: Integers
) -> NDArray[np.float32]:
    """Run a network over discs, leaving it in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        outputs = [
            network(inputs.take(places[start : start + _PREDICT_BATCH])).float().cpu().numpy()
            for start in range(0, len(places), _PREDICT_BATCH)
        ]
    return np.concatenate(outputs)


def ordinal_targets(grades: torch.Tensor, classes: int, width: float) -> torch.Tensor:
    """Spread each grade over its neighbors, for readers differ by a grade.

    Parameters
    ----------
    grades : shape (n,), classes from 0
    width : see `FitSettings.ordinal_width`, above 0

    Returns
    -------
    probabilities, shape (n, classes)
    """
    away = (torch.arange(classes, device=grades.device) - grades[:, None]).abs()
    return torch.softmax(-away / width, dim=1)


def _epochs(state: FitState) -> Iterator[int]:
    """Go through the epochs that are left, with a bar named by scale and fold."""
    name = f"{state.folder.parent.name} {state.folder.name}"
    first, last = state.epoch, state.settings.epochs
    yield from tqdm(range(first, last), name, last, initial=first, mininterval=5)


def _held_out_loss(state: FitState, inputs: DeviceInputs, validation: Discs) -> float | None:
    """Return the running average's loss; None where nobody is held out."""
    if not len(validation):
        return None
    logits = torch.from_numpy(predict_logits(state.average, inputs, validation.places))
    return float(nn.functional.cross_entropy(logits, torch.from_numpy(validation.targets)))


def _weights(training: Discs, balance: Balance, classes: int) -> torch.Tensor | None:
    if balance is not Balance.WEIGHTED:
        return None
    return torch.from_numpy(class_weights(training.targets, classes))


def _train_epoch(state: FitState, inputs: DeviceInputs, training: Discs, balance: Balance) -> float:
    settings = state.settings
    rng = np.random.default_rng([settings.seed, state.epoch, 32])
    torch.manual_seed(int(rng.integers(2**31)))
    state.network.train()
    order = epoch_order(balance, training.targets, rng)
    starts = range(0, len(order), settings.batch_size)
    weights = _weights(training, balance, state.baseline_head.out_features)
    total = torch.zeros((), device=inputs.device)
    for step, start in enumerate(starts):
        chosen = order[start : start + settings.batch_size]
        for group in state.optimizer.param_groups:
            group["lr"] = state.learning_rate(state.epoch + step / len(starts))
        regions = augmented(inputs.take(training.places[chosen]), rng)
        if settings.largest_turn_deg or settings.largest_scaling:
            regions = turned(regions, rng, settings.largest_turn_deg, settings.largest_scaling)
        total += _step(
            state, regions, (training.targets[chosen], training.baselines[chosen]), weights
        )
    return float(total) / len(starts)


def _step(
    state: FitState,
    regions: torch.Tensor,
    grades: tuple[Integers, Integers],
    weights: torch.Tensor | None,
) -> torch.Tensor:
    """Take one step on follow-up and baseline grades; return the loss on the device."""
    network, device = state.network, regions.device
    after, before = (torch.from_numpy(value).to(device) for value in grades)
    features = network.classifier[:-1](network.features(regions))
    balanced = weights if weights is None else weights.to(device)
    logits, width = network.classifier[-1](features), state.settings.ordinal_width
    target = ordinal_targets(after, logits.shape[1], width) if width else after
    loss = nn.functional.cross_entropy(logits, target, balanced)
    read = nn.functional.cross_entropy(state.baseline_head(features), before)
    state.optimizer.zero_grad()
    torch.autograd.backward(loss + state.settings.baseline_weight * read)
    nn.utils.clip_grad_norm_(network.parameters(), state.settings.largest_gradient)
    state.optimizer.step()
    state.finish_step()
    return loss.detach()
