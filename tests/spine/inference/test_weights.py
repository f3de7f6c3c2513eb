import pickle

import pytest
import torch
from safetensors.torch import save

from spine.errors import Code, ModelIntegrityError
from spine.inference.weights import bytes_from_network, load_weights


def test_round_trip_restores_every_value():
    saved, fresh = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    saved(torch.randn(8, 3))

    load_weights(fresh, bytes_from_network(saved))

    assert torch.equal(fresh.running_mean, saved.running_mean)


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"weight": 1}),
        b"",
        save({"weight": torch.zeros(2, 3)}),
        save({"weight": torch.zeros(2, 4), "bias": torch.zeros(2)}),
        save({"weight": torch.zeros(2, 3).half(), "bias": torch.zeros(2)}),
        save({"weight": torch.zeros(2, 3), "bias": torch.zeros(2), "more": torch.zeros(1)}),
    ],
    ids=["pickle", "empty", "missing", "other shape", "other type", "surplus"],
)
def test_anything_but_the_networks_own_tensors_is_invalid(data):
    with pytest.raises(ModelIntegrityError) as caught:
        load_weights(torch.nn.Linear(3, 2), data)

    assert caught.value.code is Code.MODEL_INVALID
