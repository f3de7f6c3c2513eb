import numpy as np
import pytest
import torch

from spine.age.cells import Box
from spine.age.heat import LastBlock, age_heat, contrast, grad_cam
from spine.anatomy.labels import VERTEBRA_LABELS
from spine.anatomy.levels import Level
from spine.errors import Code
from spine.imaging.volume import LabelMap
from spine.inference.models import HeatLimits
from spine.networks.age_dcnn import AgeDCNN
from spine.networks.age_head import AgeHead, head_from_network
from spine.preprocessing.age import AgeSpec

# Four cells along anterior, three along superior, with a remainder on every axis.
SPEC = AgeSpec(spacing_mm=(4.0, 2.0, 2.0), shape=(14, 130, 110))


def head(weight, top_weight=None):
    features = len(weight)
    top = np.eye(features, dtype=np.float32) if top_weight is None else np.float32(top_weight)
    return AgeHead(top, np.zeros(features, np.float32), np.array(weight, np.float32), 50.0)


def box(*, c2=False):
    """A volume on the very grid of the box; spine at anterior 32 to 63 and all of superior."""
    labels = np.zeros(SPEC.shape, dtype=np.uint8)
    labels[7, 32:64, :] = VERTEBRA_LABELS[Level.T5]
    if c2:
        labels[7, 32:64, 70:80] = VERTEBRA_LABELS[Level.C2]
    spine = (labels > 0).astype(np.float32).transpose(1, 2, 0)[None]
    return Box(spine, LabelMap(labels, np.diag([4.0, 2.0, 2.0, 1.0])), SPEC)


def blocks(*cells):
    """A map of two channels; each cell is (channel, anterior, superior, value)."""
    made = np.zeros((2, 4, 3, 1), dtype=np.float32)
    for channel, anterior, superior, value in cells:
        made[channel, anterior, superior, 0] = value
    return made


def test_an_even_map_shows_nothing_anywhere():
    assert (contrast(np.full((12, 24, 1), 0.7)) == 0).all()


def test_all_heat_in_one_cell_shows_one_there_and_nothing_elsewhere():
    heat = np.zeros((12, 24, 1))
    heat[3, 20, 0] = 5e-9

    shown = contrast(heat)

    assert shown[3, 20, 0] == 1
    assert shown.sum() == 1


def test_no_heat_is_no_positive_evidence_and_no_dark_map():
    assert contrast(np.zeros((12, 24, 1))) is None


def test_contrast_of_288_cells_by_hand():
    heat = np.full((12, 24, 1), 178 / 286)
    heat[0, 0, 0], heat[0, 1, 0] = 100, 10

    shown = contrast(heat)

    # Shares of 100 and 10 in 288: ln(100) = 4.60517, ln(10) = 2.30259, ln(288) = 5.66296.
    assert heat.sum() == pytest.approx(288)
    assert shown[0, 0, 0] == pytest.approx(3.60517 / 4.66296, abs=1e-5)
    assert shown[0, 1, 0] == pytest.approx(1.30259 / 4.66296, abs=1e-5)
    assert np.count_nonzero(shown) == 2


@pytest.mark.parametrize("cells", [1, 2])
def test_of_fewer_than_three_cells_none_can_stand_out(cells):
    heat = np.zeros((cells, 1, 1))
    heat[0] = 7.0

    assert (contrast(heat) == 0).all()


def test_two_channels_by_hand():
    # Feature 0 is channel 0, feature 1 channel 1; each acts at its maximum alone, so that the
    # mean gradients over 12 cells are 6/12 and -3/12 years.
    block = blocks((0, 1, 2, 4.0), (0, 0, 0, 2.0), (1, 1, 2, 2.0), (1, 3, 1, 8.0))

    evidence = grad_cam(LastBlock(block, head([6.0, -3.0])))

    wanted = np.zeros((4, 3, 1))
    wanted[1, 2], wanted[0, 0], wanted[3, 1] = 0.5 * 4 - 0.25 * 2, 0.5 * 2, -0.25 * 8
    np.testing.assert_allclose(evidence, wanted)


def test_channel_weights_are_the_mean_gradients_of_torch():
    torch.manual_seed(5)
    network = AgeDCNN(channels=(2, 3, 4, 5, 6), top=7).eval()
    block = torch.rand(1, 6, 4, 3, 1, requires_grad=True)
    network.prediction(network.top(block).amax(dim=(2, 3, 4))).sum().backward()
    weights = block.grad[0].mean(dim=(1, 2, 3))
    wanted = torch.einsum("k,kasr->asr", weights, block[0].detach()).numpy()

    last = LastBlock(block[0].detach().numpy(), head_from_network(network))

    np.testing.assert_allclose(grad_cam(last), wanted, atol=1e-6)
    assert np.abs(wanted).max() > 1e-4


def test_what_makes_older_and_what_makes_younger_are_told_apart():
    block = blocks((0, 1, 2, 4.0), (1, 3, 0, 4.0))

    found = age_heat(LastBlock(block, head([1.0, -1.0])), box(), None)
    turned = age_heat(LastBlock(block, head([-1.0, 1.0])), box(), None)

    # Centers of the cells (1, 2) and (3, 0): voxels 47.5 and 79.5, 111.5 and 15.5.
    assert found.older.data[7, 47, 95] > 0.9
    assert found.older.data[7, 111, 15] == 0
    assert found.younger.data[7, 111, 15] > 0.9
    np.testing.assert_array_equal(turned.younger.data, found.older.data)
    np.testing.assert_array_equal(turned.older.data, found.younger.data)


def test_a_side_without_evidence_is_none():
    found = age_heat(LastBlock(blocks((0, 1, 1, 1.0)), head([1.0, -1.0])), box(), None)

    assert found.older is not None
    assert found.younger is None


def test_a_network_that_saw_nothing_has_neither_maps_nor_shares():
    found = age_heat(LastBlock(blocks(), head([1.0, -1.0])), box(c2=True), HeatLimits(0, 0, 100))

    assert (found.older, found.younger) == (None, None)
    assert (found.outside_spine.value, found.above_c2.value) == (None, None)
    assert found.cautions == ()


def test_shares_count_both_directions_by_their_amount():
    # Older 3 on the spine (anterior 1), younger 1 off it (anterior 3).
    block = blocks((0, 1, 0, 3.0), (1, 3, 0, 1.0))

    found = age_heat(LastBlock(block, head([1.0, -1.0])), box(), None)

    assert found.outside_spine.value == pytest.approx(0.25)


def test_cautions_name_what_exceeds_its_limit_and_only_that():
    last = LastBlock(blocks((0, 1, 2, 3.0), (1, 3, 0, 1.0)), head([1.0, -1.0]))
    # C2 ends at voxel 79.5, in the middle of the uppermost cell: 3/4 of the heat, half of it above.
    shares = (0.25, 0.375)

    def cautions(outside, above):
        found = age_heat(last, box(c2=True), HeatLimits(outside, above, 100))
        assert (found.outside_spine.value, found.above_c2.value) == pytest.approx(shares)
        return [caution.code for caution in found.cautions]

    assert cautions(0.24, 0.4) == [Code.HEAT_OUTSIDE_SPINE]
    assert cautions(0.3, 0.37) == [Code.HEAT_ABOVE_C2]
    assert cautions(0.24, 0.37) == [Code.HEAT_OUTSIDE_SPINE, Code.HEAT_ABOVE_C2]
    assert cautions(0.3, 0.4) == []


def test_without_limits_on_the_card_there_is_no_caution_and_no_limit():
    found = age_heat(LastBlock(blocks((0, 3, 2, 1.0)), head([1.0, -1.0])), box(c2=True), None)

    assert found.outside_spine.value == 1
    assert (found.outside_spine.limit, found.above_c2.limit) == (None, None)
    assert found.cautions == ()


def test_without_c2_the_share_above_it_is_not_known():
    last = LastBlock(blocks((0, 3, 2, 1.0)), head([1.0, -1.0]))

    assert age_heat(last, box(), HeatLimits(0, 0, 9)).above_c2.value is None
