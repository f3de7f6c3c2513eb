"""Levels and geometry on class maps that a perfect network would give."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from spine.anatomy.labels import VERTEBRA_LABELS, TissueClass
from spine.anatomy.levels import DiscLevel, Level
from spine.errors import Code, Refusal
from spine.findings import Evidence, ModelReference, Segmentation
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import Model
from spine.preprocessing.segmentation import SegmentationSpec, WindowSpec
from spine.segmentation.agreement import Passes
from spine.segmentation.levels import column
from spine.segmentation.segmenter import Prediction, SegmentationSettings, interpret

pytestmark = pytest.mark.slow


def _interpret(classes: LabelMap, passes: Passes | None = None) -> Segmentation | Refusal:
    volume = Volume(np.zeros(classes.data.shape, np.float32), classes.affine)
    spec = SegmentationSpec(WindowSpec((3.0, 1.8, 1.8), (16, 192, 400)))
    reference = ModelReference("spine-segmentation", "0.0.0", "0" * 64, Evidence.SYNTHETIC)
    model = Model(reference, spec, network=lambda batch: batch)
    return interpret(volume, Prediction(classes, passes), model, SegmentationSettings())


def _vertebrae(segmentation: Segmentation) -> list[Level]:
    return [vertebra.level for vertebra in segmentation.geometry.vertebrae]


@pytest.mark.parametrize(
    ("thoracic", "lumbar"), [(12, 5), (13, 5), (12, 6), (11, 5), (12, 4), (11, 6), (13, 4)]
)
def test_whole_spine_recovers_every_level_of_every_count(draw, thoracic, lumbar):
    spine = draw(thoracic=thoracic, lumbar=lumbar)
    found = _interpret(spine.classes)
    assert _vertebrae(found) == list(column(thoracic, lumbar))
    assert found.quality.levels_certain


def test_every_disc_lies_at_its_place_with_its_name(draw):
    spine = draw(affine_rotation_degrees=8.0)
    found = _interpret(spine.classes)
    assert [disc.level for disc in found.geometry.discs] == [
        level for level in DiscLevel if level in _usual_discs()
    ]
    for disc in found.geometry.discs:
        distance = np.linalg.norm(np.subtract(disc.frame.center, spine.discs_mm[disc.level.above]))
        assert distance < 2.0, disc.level


def _usual_discs() -> set[DiscLevel]:
    levels = [*column(12, 5), Level.S1]
    return {DiscLevel.between(a, b) for a, b in pairwise(levels)}


def test_lumbar_view_is_named_from_the_sacrum(draw):
    spine = draw(top_mm=-330.0, shape=(18, 260, 300), spacing_mm=(3.0, 1.1, 1.1))
    found = _interpret(spine.classes)
    assert _vertebrae(found)[-6:] == [Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5]
    assert found.quality.levels_certain


def test_lumbar_view_without_sacrum_is_uncertain(draw):
    spine = draw(top_mm=-290.0, shape=(18, 260, 240), spacing_mm=(3.0, 1.1, 1.0))
    found = _interpret(spine.classes)
    assert not found.quality.levels_certain
    assert Code.LEVEL_UNCERTAIN in {caution.code for caution in found.quality.cautions}


@pytest.mark.parametrize(("shown_mm", "certain"), [(19, False), (30, True)])
def test_a_sacrum_of_which_little_is_shown_may_be_a_lumbar_vertebra(draw, shown_mm, certain):
    spine = draw(top_mm=-330.0, shape=(18, 260, 300), spacing_mm=(3.0, 1.1, 1.1))
    rows = np.flatnonzero((spine.classes.data == TissueClass.DISC).any(axis=(0, 1)))
    cut = rows.min() - round(shown_mm / 1.1)
    found = _interpret(LabelMap(spine.classes.data[:, :, cut:], spine.classes.affine))
    assert found.quality.levels_certain is certain


def test_cervical_view_is_named_from_c2(draw):
    spine = draw(shape=(18, 200, 240), spacing_mm=(3.0, 1.1, 1.0))
    found = _interpret(spine.classes)
    assert _vertebrae(found)[:7] == list(column(12, 5)[:7])
    assert found.quality.levels_certain


def test_a_missed_disc_does_not_shift_the_levels_below(draw):
    spine = draw(without_discs=(Level.T7, Level.L2))
    found = _interpret(spine.classes)
    assert _vertebrae(found) == list(column(12, 5))


def test_posterior_elements_that_touch_are_told_apart(draw):
    spine = draw(touching=True)
    found = _interpret(spine.classes)
    assert _vertebrae(found) == list(column(12, 5))
    posterior = found.labels.data[:, : int(0.42 * 192) - 14]
    for level in column(12, 5)[1:]:
        assert (posterior == VERTEBRA_LABELS[level]).any(), level


def test_a_vertebra_erased_leaves_a_gap_and_uncertain_levels(draw):
    spine = draw()
    data = spine.classes.data.copy()
    row = round(spine.classes.grid.index_from_world(spine.centers_mm[Level.T6])[2])
    data[:, :, row - 8 : row + 8][
        np.isin(data[:, :, row - 8 : row + 8], (TissueClass.THORACIC, TissueClass.DISC))
    ] = 0
    found = _interpret(LabelMap(data, spine.classes.affine))
    assert _vertebrae(found) == [level for level in column(12, 5) if level is not Level.T6]
    assert Code.LEVEL_GAP in {caution.code for caution in found.quality.cautions}
    assert not found.quality.levels_certain


def test_sizes_are_those_drawn(draw):
    found = _interpret(draw(affine_rotation_degrees=5.0).classes)
    for vertebra in found.geometry.vertebrae:
        if vertebra.level.value[0] == "L":
            assert vertebra.width_mm == pytest.approx(34.0, abs=1.5)
            assert vertebra.height_mm == pytest.approx(25.0, abs=1.8)
    assert found.geometry.mean_width_mm == pytest.approx(34.0, abs=1.5)
    for disc in found.geometry.discs:
        if disc.level in (DiscLevel.L2_L3, DiscLevel.L4_L5):
            assert disc.height_mm == pytest.approx(7.4, abs=1.2)


def test_ribs_are_told_apart_by_side_of_the_patient(draw):
    found = _interpret(draw().classes)
    left = found.labels.grid.world_from_index(np.argwhere(found.labels.data == 111))
    right = found.labels.grid.world_from_index(np.argwhere(found.labels.data == 112))
    assert left[:, 0].max() < right[:, 0].min()


def test_two_vertebrae_are_too_few(draw):
    spine = draw()
    data = spine.classes.data.copy()
    row = round(spine.classes.grid.index_from_world(spine.discs_mm[Level.L3])[2])
    data[:, :, row:] = 0
    data[data == TissueClass.SACRUM] = 0
    found = _interpret(LabelMap(data, spine.classes.affine))
    assert isinstance(found, Refusal)
    assert found.code is Code.TOO_FEW_VERTEBRAE
    assert found.subject == "study"


def test_s1_taken_for_lumbar_goes_back_to_the_sacrum(draw):
    spine = draw()
    data = spine.classes.data.copy()
    rows = np.flatnonzero((data == TissueClass.SACRUM).any(axis=(0, 1)))
    upper = data[:, :, rows.max() - 9 : rows.max() + 1]
    upper[upper == TissueClass.SACRUM] = TissueClass.LUMBAR
    found = _interpret(LabelMap(data, spine.classes.affine))
    assert _vertebrae(found) == list(column(12, 5))
    assert (found.labels.data[data == TissueClass.SACRUM] == VERTEBRA_LABELS[Level.S1]).all()


def test_specks_called_disc_do_not_cut_a_body(draw):
    spine = draw()
    data = spine.classes.data.copy()
    i, j, k = np.rint(spine.classes.grid.index_from_world(spine.centers_mm[Level.L3])).astype(int)
    data[i - 1 : i + 1, j - 4 : j + 4, k - 1 : k + 2] = TissueClass.DISC
    found = _interpret(LabelMap(data, spine.classes.affine))
    assert _vertebrae(found) == list(column(12, 5))


def _with_disc_in_c2(spine, breadth, depth, up_mm=0.0):
    """Put a disc of these shares of C2/C3's breadth and depth into C2, at or above its middle."""
    data = spine.classes.data.copy()
    axis, disc = (
        spine.classes.grid.index_from_world(center)
        for center in (spine.centers_mm[Level.C2], spine.discs_mm[Level.C2])
    )
    si, sj, sk = spine.classes.grid.spacing_mm
    half = np.array([9.6 * breadth, 8.0 * depth]) / (si, sj)
    i, j = (slice(round(c - h), round(c + h) + 1) for c, h in zip(axis[:2], half, strict=True))
    rows = (disc[2] - 1.7 / sk, disc[2] + 1.7 / sk)
    k = slice(*(round(row - disc[2] + axis[2] + up_mm / sk) for row in rows))
    data[i, j, k] = TissueClass.DISC
    return replace(spine, classes=LabelMap(data, spine.classes.affine))


FINE_NECK = {"shape": (30, 200, 400), "spacing_mm": (1.8, 1.2, 1.7)}


def test_a_remnant_between_dens_and_body_of_c2_is_no_disc(draw):
    found = _interpret(_with_disc_in_c2(draw(**FINE_NECK), 0.5, 0.5).classes)
    assert _vertebrae(found) == list(column(12, 5))
    assert found.quality.levels_certain


def test_a_broad_but_shallow_remnant_is_no_disc_either(draw):
    found = _interpret(_with_disc_in_c2(draw(**FINE_NECK), 0.6, 0.65).classes)
    assert _vertebrae(found) == list(column(12, 5))


def test_two_remnants_of_which_the_view_cuts_the_upper_are_no_discs(draw):
    drawn = draw(**FINE_NECK)
    spine = _with_disc_in_c2(_with_disc_in_c2(drawn, 0.5, 0.5), 0.5, 0.5, up_mm=13.0)
    rows = np.flatnonzero((spine.classes.data == TissueClass.DISC).any(axis=(0, 1)))
    cut = LabelMap(spine.classes.data[:, :, : rows.max() + 1], spine.classes.affine)
    # C2 is cut as well: named, not measured.
    assert _vertebrae(_interpret(cut)) == list(column(12, 5))[1:]


def test_a_large_disc_within_what_may_be_c2_leaves_the_levels_uncertain(draw):
    found = _interpret(_with_disc_in_c2(draw(**FINE_NECK), 0.5, 0.9).classes)
    assert not found.quality.levels_certain


def test_a_lowest_vertebra_that_the_coarse_net_does_not_see_leaves_the_levels_uncertain(draw):
    classes = draw().classes
    unseen = classes.data.copy()
    unseen[_interpret(classes).labels.data == VERTEBRA_LABELS[Level.L5]] = TissueClass.SACRUM
    coarse = LabelMap(unseen, classes.affine)
    assert _interpret(classes, Passes(classes, classes)).quality.levels_certain
    found = _interpret(classes, Passes(coarse, coarse))
    assert not found.quality.levels_certain
    assert _vertebrae(found) == list(column(12, 5))
