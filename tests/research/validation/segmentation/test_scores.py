from dataclasses import replace

import numpy as np
import pytest

from research.validation.segmentation.scores import (
    gate,
    is_anchored,
    real_discs,
    score_patient,
    score_phantom,
    without_sacrum,
)
from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level
from spine.errors import Code, Refusal
from spine.imaging.volume import LabelMap, Volume


def test_a_perfect_result_is_perfect(case):
    score = score_patient(case())
    assert score.dice == {"vertebra": 1.0, "disc": 1.0, "canal": 1.0}
    assert set(score.distance_mm.values()) == {0.0}
    assert (score.wrong_levels, score.discs) == (0, 2)
    assert score.levels_certain
    assert not score.refused


def test_levels_one_too_high_are_all_wrong(case, lumbar):
    data = lumbar.data.copy()
    for level, above in ((DiscLevel.L4_L5, DiscLevel.L3_L4), (DiscLevel.L5_S1, DiscLevel.L4_L5)):
        data[lumbar.data == DISC_LABELS[level]] = DISC_LABELS[above]
    score = score_patient(case(LabelMap(data, lumbar.affine)))
    assert score.wrong_levels == 2
    assert score.dice["disc"] == 1.0


def test_a_disc_that_is_not_found_counts_as_wrong(case, lumbar):
    data = lumbar.data.copy()
    data[data == DISC_LABELS[DiscLevel.L4_L5]] = 0
    score = score_patient(case(LabelMap(data, lumbar.affine)))
    assert score.wrong_levels == 1
    assert score.dice["disc"] == pytest.approx(2 / 3)


def test_a_refused_case_has_no_level_right(case):
    refused = replace(case(), found=Refusal(Code.TOO_FEW_VERTEBRAE, "none found", "study"))
    score = score_patient(refused)
    assert score.refused
    assert score.wrong_levels == 2
    assert not score.levels_certain


def test_what_the_gate_withholds_is_counted(case):
    found = case().found
    refusals = tuple(
        Refusal(Code.SIZE_IMPLAUSIBLE, "", subject) for subject in ("L4/L5", "T8/T9", "study")
    )
    gated = replace(found, quality=replace(found.quality, refusals=refusals))
    assert gate(found) == (True, False, 0)
    assert gate(gated) == (True, True, 1)


def test_phantoms_are_measured_by_region_after_naming(case, lumbar):
    truth = replace(case(), reference=lumbar)
    data = lumbar.data.copy()
    data[data == VERTEBRA_LABELS[Level.L4]] = VERTEBRA_LABELS[Level.T12]
    named = replace(case(LabelMap(data, lumbar.affine)), reference=lumbar)
    assert score_phantom(truth).dice["lumbar"] == 1.0
    assert score_phantom(named).dice["lumbar"] == pytest.approx(2 / 3)
    assert score_phantom(truth).wrong_levels == 0


def test_a_disc_not_found_is_wrong_but_not_misnamed(case, lumbar):
    data = lumbar.data.copy()
    data[data == DISC_LABELS[DiscLevel.L4_L5]] = 0
    data[data == DISC_LABELS[DiscLevel.L5_S1]] = DISC_LABELS[DiscLevel.L4_L5]
    score = score_phantom(replace(case(LabelMap(data, lumbar.affine)), reference=lumbar))
    assert (score.wrong_levels, score.misnamed_levels) == (2, 1)


@pytest.mark.parametrize(
    ("first", "last", "anchored"),
    [(0, None, True), (0, -1, True), (25, None, False), (44, None, False)],
)
def test_a_view_is_anchored_by_a_whole_disc_on_the_sacrum(lumbar, first, last, anchored):
    with_s1 = np.pad(lumbar.data, ((0, 0), (0, 0), (30, 0)))
    assert is_anchored(LabelMap(with_s1[:, :, first:last], lumbar.affine)) is anchored


def test_a_disc_on_the_edge_of_the_view_is_no_anchor(lumbar):
    disc = np.argwhere(lumbar.data == DISC_LABELS[DiscLevel.L5_S1])
    cut = LabelMap(lumbar.data[:, :, disc[:, 2].min() :], lumbar.affine)
    assert not is_anchored(cut)


def test_real_discs_are_counted_from_below_and_specks_are_none(merged):
    data = merged.data.copy()
    data[0, 0, 0] = 2
    lowest, second = real_discs(LabelMap(data, merged.affine))
    assert lowest[:, 2].max() < second[:, 2].min()


def test_without_the_sacrum_everything_else_stays_where_it_was(merged):
    values = np.arange(merged.data.size, dtype=np.float32).reshape(merged.data.shape)
    volume = Volume(values, merged.affine)
    cut, labels = without_sacrum(volume, merged)
    assert len(real_discs(labels)) == 1
    index = np.array([4, 20, 3])
    world = cut.grid.world_from_index(index)
    before = np.round(volume.grid.index_from_world(world)).astype(int)
    assert cut.data[tuple(index)] == volume.data[tuple(before)]
