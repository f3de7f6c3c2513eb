"""SMOTE: the last layer trained anew on penultimate features, real and synthesized."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from research.training.discs.balance import synthesize
from research.training.discs.batches import DeviceInputs
from research.training.discs.fit_settings import FitSettings
from research.training.discs.fit_state import last_layer
from research.training.discs.fitting import Discs, predict_logits
from spine.networks.vgg_m import VGGM

_EPOCHS = 60
_RATE = 1e-3


def refit_last_layer(
    network: VGGM, inputs: DeviceInputs, parts: tuple[Discs, Discs], settings: FitSettings
) -> None:
    """Replace the last layer by one that learned from as many discs of every grade.

    Synthesized features come from the training part alone; the inner validation part, left as
    it is, chooses the epoch.
    """
    training, validation = parts
    body = nn.Sequential(network.features, network.classifier[:-1])
    last = last_layer(network)
    seen = predict_logits(body, inputs, training.places)
    held = _on(predict_logits(body, inputs, validation.places), inputs.device)
    features, targets = synthesize(seen, training.targets, settings.seed)
    best = _fit(last, (features, targets), (held, validation.targets), settings)
    last.load_state_dict(best)


def _fit(
    last: nn.Linear,
    known: tuple[NDArray[np.float32], NDArray[np.int64]],
    held: tuple[torch.Tensor, NDArray[np.int64]],
    settings: FitSettings,
) -> dict[str, torch.Tensor]:
    """Return the layer's weights of the epoch with the lowest validation loss."""
    device = last.weight.device
    features, targets = _on(known[0], device), torch.from_numpy(known[1]).to(device)
    answers = torch.from_numpy(held[1]).to(device)
    optimizer = torch.optim.Adam(last.parameters(), _RATE, weight_decay=settings.weight_decay)
    rng = np.random.default_rng([settings.seed, 33])
    best, lowest = copy.deepcopy(last.state_dict()), float("inf")
    for _ in range(_EPOCHS):
        order = torch.from_numpy(rng.permutation(len(targets))).to(device)
        for chosen in torch.split(order, settings.batch_size * 4):
            loss = nn.functional.cross_entropy(last(features[chosen]), targets[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        with torch.inference_mode():
            value = float(nn.functional.cross_entropy(last(held[0]), answers))
        if value < lowest:
            best, lowest = copy.deepcopy(last.state_dict()), value
    return best


def _on(values: NDArray[np.float32], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(values).to(device)
