"""Whatever the mask, the served age network answers what eager torch does."""

import numpy as np
import pytest
import torch

from spine.errors import Code, SpineError
from spine.inference.age import compile_age_network
from spine.inference.age_tiles import TiledBlocks
from spine.inference.backends import Backend, Hardware
from spine.networks.age_dcnn import AgeDCNN

# Odd sides, and enough cells for several tiles along both axes in either stage.
PLANE = (139, 163)
MASKS = {
    "empty": [],
    "everywhere": [(slice(None), slice(None))],
    "anterior border": [(slice(0, 9), slice(60, 75))],
    "posterior border": [(slice(130, None), slice(60, 75))],
    "inferior border": [(slice(50, 61), slice(0, 5))],
    "superior border": [(slice(50, 61), slice(-6, None))],
    "opposite corners": [(slice(0, 1), slice(0, 1)), (slice(-1, None), slice(-1, None))],
    "other corners": [(slice(-1, None), slice(0, 1)), (slice(0, 1), slice(-1, None))],
    "one pixel": [(slice(64, 65), slice(100, 101))],
    "between the tiles": [(slice(31, 33), slice(63, 66))],
    "column": [(slice(70, 90), slice(2, 90)), (slice(60, 80), slice(90, 160))],
}
HARDWARE = [
    Hardware(Backend.TORCH),
    Hardware(Backend.OPENVINO),
    Hardware(Backend.OPENVINO, "cpu", 2),
]


@pytest.fixture(scope="module")
def network():
    return settled(AgeDCNN(channels=(4, 6, 8, 8, 8), top=9))


def settled(network, seed=8):
    """Draw weights, take a masked example's statistics, and spread the answers over decades."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv3d | torch.nn.Linear):
            module.reset_parameters()
        if isinstance(module, torch.nn.BatchNorm3d):
            module.momentum = None
    with torch.no_grad():
        network(torch.from_numpy(np.stack([masked(MASKS["column"]), masked(MASKS["everywhere"])])))
        network.prediction.weight.mul_(30)
    return network.eval()


def masked(parts, plane=PLANE, depth=14):
    """Return noise around 1 in the parts, in all but the outermost slices; 0 elsewhere."""
    mask = np.zeros((*plane, depth), np.bool_)
    for part in parts:
        mask[(*part, slice(1, -1))] = True
    noise = np.random.default_rng(9).normal(1, 0.4, mask.shape)
    return np.where(mask, noise, 0)[None].astype(np.float32)


def eager(network, spine):
    with torch.inference_mode():
        values = torch.from_numpy(spine[None])
        return network.blocks(values)[0].numpy(), network(values).item()


@pytest.fixture(scope="module")
def compiled(network):
    return {
        hardware: compile_age_network(network, (1, *PLANE, 14), hardware) for hardware in HARDWARE
    }


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("hardware", HARDWARE, ids=str)
def test_every_mask_gives_the_age_and_map_of_eager_torch(network, compiled, hardware, name):
    spine = masked(MASKS[name])
    block, age = eager(network, spine)

    ours = compiled[hardware]

    np.testing.assert_allclose(ours.block(spine), block, atol=2e-5, strict=True)
    assert ours(spine[None]).item() == pytest.approx(age, abs=1e-3)
    assert ours.head.age_years(ours.block(spine)) == pytest.approx(age, abs=1e-3)


@pytest.mark.parametrize(
    ("plane", "depth"),
    [((32, 32), 8), ((33, 67), 13), ((64, 95), 14), ((40, 35), 15), ((66, 37), 16), ((32, 47), 17)],
)
def test_other_sizes_and_depths_give_the_age_and_map_of_eager_torch(network, plane, depth):
    """From depth 16 on two slices are left in blocks 4 and 5, and their kernels stay whole."""
    spine = masked([(slice(0, 9), slice(3, 20)), (slice(20, 26), slice(-4, None))], plane, depth)
    block, age = eager(network, spine)

    ours = compile_age_network(network, spine.shape, Hardware(Backend.OPENVINO))

    np.testing.assert_allclose(ours.block(spine), block, atol=2e-5, strict=True)
    assert ours(spine[None]).item() == pytest.approx(age, abs=1e-3)


def test_cropping_to_the_mask_would_give_another_age(network, compiled):
    """Zero padding at the crop's edges is not what the network makes of an empty volume."""
    spine = masked([(slice(64, 96), slice(48, 112))])
    _, age = eager(network, spine)

    _, cropped = eager(network, spine[:, 56:104, 40:120])

    assert abs(cropped - age) > 0.1
    assert compiled[HARDWARE[1]](spine[None]).item() == pytest.approx(age, abs=1e-3)


@pytest.mark.parametrize("hardware", HARDWARE, ids=str)
def test_two_calls_are_identical_whatever_lay_between(compiled, hardware):
    ours, column = compiled[hardware], masked(MASKS["column"])

    first, _, again = (
        ours.block(column),
        ours.block(masked(MASKS["everywhere"])),
        ours.block(column),
    )

    np.testing.assert_array_equal(first, again, strict=True)


@pytest.mark.parametrize("hardware", HARDWARE, ids=str)
def test_a_batch_gives_each_spine_the_age_it_has_alone(compiled, hardware):
    spines = np.stack([masked(MASKS["column"]), masked(MASKS["empty"])])

    ages = compiled[hardware](spines)

    assert ages.shape == (2, 1)
    assert ages.dtype == np.float32
    assert ages[0] != ages[1]
    assert [ages[0], ages[1]] == [compiled[hardware](spines[:1]), compiled[hardware](spines[1:])]


@pytest.mark.parametrize(
    ("name", "tiles"),
    # Of 8 x 8 cells: 34 x 40 cells behind two blocks, 17 x 20 behind three.
    [("empty", 0), ("one pixel", 1 + 1), ("everywhere", 5 * 5 + 3 * 3)],
)
def test_only_tiles_that_touch_the_mask_are_run(compiled, monkeypatch, name, tiles):
    started, run = [], TiledBlocks._run

    def counted(self, padded, corners):
        started.extend(corners)
        return run(self, padded, corners)

    monkeypatch.setattr(TiledBlocks, "_run", counted)

    compiled[HARDWARE[1]].block(masked(MASKS[name]))

    assert len(started) == tiles


def test_two_threads_finish_time_and_again(compiled):
    """OpenVINO's queue with callbacks has hung here."""
    spine = masked(MASKS["everywhere"])
    first = compiled[HARDWARE[-1]].block(spine)
    for _ in range(20):
        np.testing.assert_array_equal(compiled[HARDWARE[-1]].block(spine), first)


def test_a_device_that_is_not_there_is_refused(network):
    with pytest.raises(SpineError) as caught:
        compile_age_network(network, (1, *PLANE, 14), Hardware(Backend.OPENVINO, "npu"))

    assert caught.value.code is Code.DEVICE_MISSING


@pytest.mark.slow
def test_full_size_spine_gives_the_age_of_eager_torch():
    """P1's network and its 384 x 793 x 14; needs 3 GB."""
    network = settled(AgeDCNN())
    parts = [(slice(150, 250), slice(0, 400)), (slice(120, 210), slice(400, 780))]
    spine = masked(parts, (384, 793))
    block, age = eager(network, spine)

    ours = compile_age_network(network, (1, 384, 793, 14), Hardware(Backend.OPENVINO))

    assert block.shape == (256, 12, 24, 1)
    np.testing.assert_allclose(ours.block(spine), block, atol=1e-4, strict=True)
    assert ours(spine[None]).item() == pytest.approx(age, abs=1e-3)
