"""Stock networks on hand-made spines: what they find, name, and show each other."""

import numpy as np
import pytest

from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS, TissueClass
from spine.anatomy.levels import DiscLevel, Level
from spine.errors import Code, SegmentationError
from spine.findings import Evidence, ModelReference
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import Model
from spine.preprocessing.stock import StockLabel, StockSpec
from spine.segmentation.landmarks import contradicts
from spine.segmentation.levels import column
from spine.segmentation.segmenter import SegmentationSettings, interpret, predict
from spine.segmentation.stock import stock_pass
from tests.spine.segmentation import stock_nets as stock

pytestmark = pytest.mark.slow

SPACING = (4.0, 2.0, 2.0)
# TotalSpineSeg's second step: discs, four of them named, vertebrae of no region, sacrum, canal.
LABELS = (
    StockLabel(1, "disc", TissueClass.DISC),
    StockLabel(2, "disc_C2_C3", TissueClass.DISC, DiscLevel.C2_C3),
    StockLabel(3, "disc_C7_T1", TissueClass.DISC, DiscLevel.C7_T1),
    StockLabel(4, "disc_T12_L1", TissueClass.DISC, DiscLevel.T12_L1),
    StockLabel(5, "disc_L5_S", TissueClass.DISC, DiscLevel.L5_S1),
    StockLabel(6, "vertebrae"),
    StockLabel(7, "sacrum", TissueClass.SACRUM),
    StockLabel(8, "canal", TissueClass.CSF),
    StockLabel(9, "cord", TissueClass.CORD),
)
NAMES = {Level.C2: 2, Level.C7: 3, Level.T12: 4, Level.L5: 5}
VALUES = {
    TissueClass.CERVICAL: 6, TissueClass.THORACIC: 6, TissueClass.LUMBAR: 6,
    TissueClass.DISC: 1, TissueClass.SACRUM: 7, TissueClass.CSF: 8, TissueClass.CORD: 9,
}  # fmt: skip


def image_of(spine, names=NAMES):
    """Return an image whose intensities are label values, landmarks named."""
    data = np.zeros(spine.classes.data.shape, np.float32)
    for tissue, value in VALUES.items():
        data[spine.classes.data == tissue] = value
    heights = np.arange(data.shape[2])
    for above, value in names.items():
        row = spine.classes.grid.index_from_world(spine.discs_mm[above])[2]
        near = np.abs(heights - row) < 9.0 / SPACING[2]
        data[(data == 1) & near] = value
    return Volume(data, spine.classes.affine)


def whole(draw, **settings):
    return draw(shape=(14, 120, 340), spacing_mm=SPACING, **settings)


def model_of(spec, *networks):
    reference = ModelReference("spine-segmentation", "0.0.0", "0" * 64, Evidence.SYNTHETIC)
    return Model(reference, spec, networks[0], second=networks[1] if networks[1:] else None)


def one_step():
    step = stock.step(LABELS)
    return StockSpec(step), stock.Reader(step.values)


def segmented(volume, model):
    settings = SegmentationSettings()
    return interpret(volume, predict(volume, model, settings), model, settings)


@pytest.mark.parametrize(("thoracic", "last"), [(12, Level.T12), (11, Level.T11)])
def test_every_level_is_named_with_borders_from_discs_that_the_network_names(draw, thoracic, last):
    spine = whole(draw, thoracic=thoracic)
    spec, network = one_step()
    # With eleven thoracic vertebrae the network takes T11/L1 for the border, as a reader would.
    names = {Level.C2: 2, Level.C7: 3, last: 4, Level.L5: 5}
    found = segmented(image_of(spine, names), model_of(spec, network))
    assert [v.level for v in found.geometry.vertebrae] == list(column(thoracic, 5))
    assert found.model.evidence is Evidence.SYNTHETIC


def test_vertebrae_get_their_regions_from_the_named_borders(draw):
    spine = whole(draw)
    spec, network = one_step()
    told = stock_pass(image_of(spine), (network,), spec)
    expected = np.where(spine.classes.data == TissueClass.RIB, 0, spine.classes.data)
    assert (told.classes.data == expected).mean() > 0.998
    assert (told.named.data == DISC_LABELS[DiscLevel.T12_L1]).any()


def test_a_border_that_is_not_named_is_counted_from_the_nearest_disc(draw):
    spine = whole(draw)
    spec, network = one_step()
    volume = image_of(spine, names={Level.C2: 2, Level.L5: 5})
    told = stock_pass(volume, (network,), spec)
    expected = np.where(spine.classes.data == TissueClass.RIB, 0, spine.classes.data)
    assert (told.classes.data == expected).mean() > 0.998


def test_names_that_contradict_the_count_leave_the_levels_uncertain(draw):
    spine = whole(draw)
    spec, network = one_step()
    right = segmented(image_of(spine), model_of(spec, network))
    # What is L1/L2 called T12/L1; the sacrum and C2 still count twelve and five.
    wrong = segmented(
        image_of(spine, {**NAMES, Level.T12: 1, Level.L1: 4}), model_of(spec, network)
    )
    assert right.quality.levels_certain
    assert not wrong.quality.levels_certain
    assert Code.LEVEL_UNCERTAIN in {caution.code for caution in wrong.quality.cautions}


def test_only_most_of_a_level_contradicts():
    labels = np.full((1, 1, 10), VERTEBRA_LABELS[Level.L1], np.uint8)
    named = labels.copy()
    named[..., :4] = VERTEBRA_LABELS[Level.L2]
    affine = np.eye(4)
    assert not contradicts(LabelMap(labels, affine), LabelMap(named, affine))
    named[..., :6] = VERTEBRA_LABELS[Level.L2]
    assert contradicts(LabelMap(labels, affine), LabelMap(named, affine))


def test_the_second_step_sees_every_other_disc_around_what_the_first_found(draw):
    spine = whole(draw)
    volume = image_of(spine)
    first, second = stock.step(LABELS), stock.step(LABELS, channels=2, patch=(340, 120, 14))
    readers = stock.Reader(first.values), stock.Reader(second.values)
    told = stock_pass(volume, readers, StockSpec(first, second, margin_mm=10.0))
    batch = readers[1].seen[0]
    discs = batch[0, 1]
    # (superior, anterior, right): 23 discs from C2/C3, so the first and the last are marked.
    marked = np.flatnonzero(np.diff(np.pad((discs > 0).any(axis=(1, 2)), 1).astype(int)) == 1)
    assert len(marked) == 12
    assert set(np.unique(batch[0, 0][discs > 0])) <= {1, 2, 3, 4, 5}
    assert (told.values.data == np.where(volume.data > 0, volume.data, 0)).mean() > 0.999


def test_the_second_step_finds_nothing_without_a_disc(draw):
    spine = whole(draw)
    volume = image_of(spine)
    is_disc = (volume.data > 0) & (volume.data < 6)
    bare = Volume(np.where(is_disc, np.float32(0), volume.data), volume.affine)
    first, second = stock.step(LABELS), stock.step(LABELS, channels=2)
    readers = stock.Reader(first.values), stock.Reader(second.values)
    told = stock_pass(bare, readers, StockSpec(first, second))
    assert not told.values.data.any()
    assert not readers[1].seen


def test_cubes_are_smaller_than_the_image_and_labels_come_back_to_its_grid(draw):
    spine = draw(shape=(14, 100, 90), spacing_mm=(3.0, 1.5, 2.0), affine_rotation_degrees=7.0)
    inside = (spine.classes.data > 0).astype(np.float32)
    volume = Volume(inside, spine.classes.affine)
    step = stock.step(LABELS[:1], spacing_mm=(1.0, 1.0, 1.0), patch=(180, 150, 42))
    reader = stock.Reader(step.values)
    told = stock_pass(volume, (reader,), StockSpec(step, voxel_mm=1.0))
    assert reader.seen[0].shape == (1, 1, 180, 150, 42)
    assert told.values.grid.matches(volume.grid)
    inner = np.s_[1:-1, 1:-1, 1:-1]
    assert (told.values.data == volume.data)[inner].mean() > 0.98


def test_scores_that_are_no_numbers_are_refused(draw):
    spec, _ = one_step()

    def broken(batch):
        return np.full((len(batch), 10, *batch.shape[2:]), np.nan, np.float32)

    volume = Volume(np.ones((8, 20, 20), np.float32), np.diag([*SPACING, 1.0]))
    with pytest.raises(SegmentationError) as caught:
        stock_pass(volume, (broken,), spec)
    assert caught.value.code is Code.NOT_FINITE
