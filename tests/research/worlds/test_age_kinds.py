from dataclasses import replace

import numpy as np
import pytest

from phantom.protocols import WHOLE_SPINE_T2, coarser
from phantom.rendering import render
from phantom.subjects import subject
from research.worlds.age_kinds import (
    DISEASES,
    OUT_OF_SCOPE,
    Kind,
    Rendered,
    disease_of,
    image_of,
)
from research.worlds.artifacts import ARTIFACTS, spoiled
from spine.anatomy.grades import Bulging
from spine.anatomy.labels import VERTEBRA_LABELS
from spine.anatomy.levels import Level

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rendered():
    person = subject(3, age_years=45.0, sex="F")
    protocol = coarser(WHOLE_SPINE_T2, 2.7)
    found = render(person, protocol, np.random.default_rng(0), sub_slices=1)
    return Rendered(person, protocol, found.volume, found.labels)


def made(kind, rendered, seed=0):
    return image_of(kind, rendered, np.random.default_rng(seed))


def shown(volume, rendered):
    """Vertebrae whose middle lies within the volume, by the true labels."""
    grid, found = rendered.labels.grid, []
    for level, value in VERTEBRA_LABELS.items():
        inside = (rendered.labels.data == value).nonzero()
        if not inside[0].size:
            continue
        middle = grid.world_from_index(np.array([axis.mean() for axis in inside]))
        index = volume.grid.index_from_world(middle)
        if (index > -0.5).all() and (index < np.array(volume.data.shape) - 0.5).all():
            found.append(level)
    return found


def test_regional_views_show_their_region_alone(rendered):
    lumbar = shown(made(Kind.LUMBAR_ONLY, rendered), rendered)
    cervical = shown(made(Kind.CERVICAL_ONLY, rendered), rendered)

    assert {Level.L1, Level.L5, Level.S1} <= set(lumbar)
    assert not {Level.C7, Level.T1, Level.T6} & set(lumbar)
    assert {Level.C2, Level.C7} <= set(cervical)
    assert not {Level.T8, Level.L1} & set(cervical)


def test_a_cut_spine_lacks_one_end(rendered):
    ends = set()
    for seed in range(12):
        found = shown(made(Kind.CUT_SPINE, rendered, seed), rendered)
        ends.add((Level.C4 in found, Level.L4 in found))

    assert ends == {(True, False), (False, True)}


def test_what_is_cut_out_stays_where_it_was(rendered):
    part = made(Kind.LUMBAR_ONLY, rendered)
    world = part.grid.world_from_index(np.array([2.0, 10.0, 5.0]))
    index = np.rint(rendered.volume.grid.index_from_world(world)).astype(int)

    assert part.data[2, 10, 5] == rendered.volume.data[tuple(index)]


def test_a_brain_shows_no_vertebra_but_a_head(rendered):
    brain = made(Kind.BRAIN, rendered)

    assert shown(brain, rendered) == []
    assert brain.data.shape[2] * brain.grid.spacing_mm[2] > 90
    assert (brain.data > 50).mean() > 0.2


def test_a_stack_of_five_millimeters_has_one_slice(rendered):
    assert made(Kind.FEW_SLICES, rendered).data.shape[0] == 1


def test_wrong_spacing_keeps_the_pixels_and_shrinks_every_axis(rendered):
    found = made(Kind.WRONG_SPACING, rendered)

    ratio = np.divide(found.grid.spacing_mm, rendered.volume.grid.spacing_mm)
    assert ratio == pytest.approx(np.full(3, 0.55))
    np.testing.assert_array_equal(found.data, rendered.volume.data)


def test_wrong_intensities_make_fluid_no_brighter_than_bone(rendered):
    fluid, bone = rendered.labels.data == 2, rendered.labels.data == VERTEBRA_LABELS[Level.L3]
    plain = rendered.volume.data
    assert np.median(plain[fluid]) > 1.5 * np.median(plain[bone])
    for seed in range(6):
        found = made(Kind.WRONG_INTENSITIES, rendered, seed).data
        assert np.median(found[fluid]) <= np.median(found[bone])


def test_no_signal_does_not_know_the_spine(rendered):
    found = made(Kind.NO_SIGNAL, rendered).data
    seen = made(Kind.LUMBAR_ONLY, rendered).data

    assert found.shape == seen.shape
    assert abs(np.corrcoef(found.ravel(), seen.ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("kind", [Kind.PLAIN, Kind.AGE_12, Kind.EMPTY_MASK, Kind.T1_WEIGHTED])
def test_kinds_of_header_and_age_have_the_plain_image(rendered, kind):
    assert made(kind, rendered) is rendered.volume


@pytest.mark.parametrize("kind", list(Kind))
def test_the_same_numbers_give_the_same_image(rendered, kind):
    first, again = made(kind, rendered, 4), made(kind, rendered, 4)

    np.testing.assert_array_equal(first.data, again.data)
    assert np.isfinite(first.data).all()


@pytest.mark.parametrize("name", list(ARTIFACTS))
def test_heavy_artifacts_spoil_more_than_mild_ones(rendered, name):
    changes = [
        np.abs(
            spoiled(rendered.volume, name, heavy=heavy, rng=np.random.default_rng(2)).data
            - rendered.volume.data
        ).mean()
        for heavy in (False, True)
    ]

    assert 0 < 3 * changes[0] < changes[1]


def test_diseased_subjects_are_named_by_what_they_have():
    healthy = subject(3, age_years=25.0)
    whole = tuple(replace(state, wedge_fracture=0.0) for state in healthy.vertebrae)
    flat = tuple(replace(disc, bulging=Bulging.NONE) for disc in healthy.discs)
    bent = replace(healthy, vertebrae=whole, discs=flat, scoliosis_cobb=15.0)
    extruded = replace(bent, discs=(replace(flat[0], bulging=Bulging.EXTRUSION), *flat[1:]))
    broken = replace(extruded, vertebrae=(replace(whole[0], wedge_fracture=0.3), *whole[1:]))

    assert [disease_of(person) for person in (bent, extruded, broken)] == [
        Kind.SCOLIOSIS,
        Kind.SEVERE_DISEASE,
        Kind.FRACTURE,
    ]
    assert not set(DISEASES) & set(OUT_OF_SCOPE)
