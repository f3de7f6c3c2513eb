"""Counts, sides and geometry: what a swapped axis or a wrong label would break."""

from dataclasses import replace

import numpy as np
import pytest

from phantom.protocols import (
    LUMBAR_AXIAL_T2,
    LUMBAR_T2,
    WHOLE_SPINE_T2,
    coarser,
    randomized,
)
from phantom.rendering import render
from phantom.subjects import subject
from phantom.variants import Variant
from spine.anatomy.labels import (
    CSF,
    DISC_LABELS,
    RIB_LEFT,
    RIB_RIGHT,
    SACRUM,
    VERTEBRA_LABELS,
    classes_from_labels,
)
from spine.anatomy.levels import DiscLevel, Level
from spine.imaging.orientation import is_canonical

pytestmark = pytest.mark.slow

WHOLE = coarser(WHOLE_SPINE_T2, 2.7)
LUMBAR = coarser(LUMBAR_T2, 2.5)


def _render(seed, protocol, **options):
    return render(subject(seed, **options), protocol, np.random.default_rng(seed), sub_slices=1)


@pytest.mark.parametrize("variant", [(11, 5), (12, 4), (13, 5), (13, 4), (12, 6), (12, 7)])
def test_count_variants_carry_their_own_labels(variant):
    counts = Variant(*variant)
    present = set(np.unique(_render(7, WHOLE, age_years=40, variant=counts).labels.data))
    mobile = set(VERTEBRA_LABELS.values()) - {SACRUM}
    assert present & mobile == {VERTEBRA_LABELS[level] for level in counts.levels}
    assert present & set(DISC_LABELS.values()) == {DISC_LABELS[disc] for disc in counts.discs}


def test_the_missing_twelfth_rib_pair_leaves_its_number_out():
    labels = _render(7, WHOLE, age_years=40, variant=Variant(11, 5)).labels.data
    assert VERTEBRA_LABELS[Level.T11] in labels
    assert VERTEBRA_LABELS[Level.T12] not in labels
    assert DISC_LABELS[DiscLevel.T11_L1] in labels


def test_left_ribs_lie_on_the_patients_left():
    seen = _render(3, WHOLE, age_years=40, variant=Variant())
    grid, labels = seen.labels.grid, seen.labels.data
    middle = np.mean([v.center_mm[0] for v in seen.truth.vertebrae if v.level[0] == "T"])
    for label, sign in ((RIB_LEFT, -1), (RIB_RIGHT, 1)):
        world = grid.world_from_index(np.argwhere(labels == label))
        # world RAS+: the patient's left is negative
        assert (sign * (world[:, 0].mean() - middle)) > 8


def test_marker_shines_on_the_left_of_the_back_only():
    someone, rng = subject(4, age_years=40), np.random.default_rng
    plain = render(someone, LUMBAR, rng(1), sub_slices=1)
    marked = render(someone, LUMBAR, rng(1), sub_slices=1, marker=True)
    changed = np.argwhere(np.abs(marked.volume.data - plain.volume.data) > 300)
    world = plain.volume.grid.world_from_index(changed)
    lumbar = [v.center_mm for v in plain.truth.vertebrae if v.level[0] == "L"]
    assert len(changed) > 5
    assert (world[:, 0] < np.mean([c[0] for c in lumbar])).all()
    assert (world[:, 1] < np.min([c[1] for c in lumbar]) - 40).all()


@pytest.mark.parametrize("oblique", [(0.0, 0.0), (9.0, -6.0)])
def test_oblique_stack_keeps_landmarks_in_their_labels(oblique):
    someone = subject(5, age_years=35, variant=Variant())
    protocol = replace(LUMBAR, oblique_degrees=oblique)
    seen = render(someone, protocol, np.random.default_rng(2), sub_slices=1)
    assert is_canonical(seen.volume.affine)
    for vertebra in seen.truth.vertebrae:
        if vertebra.level in ("L1", "L2", "L3", "L4", "L5"):
            index = seen.labels.grid.index_from_world(np.array(vertebra.center_mm))
            assert seen.labels.data[tuple(np.round(index).astype(int))] == vertebra.label


def test_the_anatomy_does_not_move_with_the_stack():
    someone = subject(5, age_years=35)
    straight = render(someone, LUMBAR, np.random.default_rng(2)).truth
    turned = render(
        someone, replace(LUMBAR, oblique_degrees=(10.0, 4.0)), np.random.default_rng(3)
    ).truth
    assert straight.discs[-1].center_mm == turned.discs[-1].center_mm


def test_axial_stack_has_columns_rows_slices():
    protocol = coarser(LUMBAR_AXIAL_T2, 2.0)
    seen = _render(6, protocol, age_years=40)
    assert seen.volume.data.shape == (protocol.columns, protocol.rows, protocol.slices)
    spacing = seen.volume.grid.spacing_mm
    assert spacing == pytest.approx((2.0, 2.0, protocol.slice_spacing_mm))
    assert CSF in seen.labels.data


def test_truncated_view_knows_what_it_shows():
    protocol = replace(LUMBAR, rows=48)
    seen = _render(8, protocol, age_years=50, variant=Variant())
    shown = {v.label for v in seen.truth.vertebrae if v.in_view}
    hidden = {v.label for v in seen.truth.vertebrae if not v.in_view}
    assert VERTEBRA_LABELS[Level.L3] in shown
    assert VERTEBRA_LABELS[Level.T6] in hidden
    assert VERTEBRA_LABELS[Level.T6] not in seen.labels.data


def test_all_labels_belong_to_the_table():
    classes = classes_from_labels(_render(9, WHOLE).labels.data)
    assert set(np.unique(classes)) == set(range(9))


def test_randomized_protocols_and_contrasts_differ_but_keep_the_labels_valid():
    rng = np.random.default_rng(4)
    first, second = randomized(WHOLE, rng), randomized(WHOLE, rng)
    assert first != second
    seen = render(subject(2), coarser(first, 3.0), rng, randomize=True, sub_slices=1)
    assert np.isfinite(seen.volume.data).all()
    assert (seen.volume.data >= 0).all()
    classes_from_labels(seen.labels.data)
