from dataclasses import replace

import numpy as np
import pytest

from phantom.stations import StationPlan, cut_stations, mirrored, moved, recontrasted, shaded
from spine.errors import Code, GeometryError
from spine.imaging.joining import JoinLimits, join
from spine.imaging.placement import PlacementLimits, joined_grid
from spine.imaging.resampling import interpolate
from spine.imaging.volume import Volume
from tests.spine.imaging.parts import body

LIMITS = JoinLimits()
PLAIN = StationPlan(2, 80)
AS_RECEIVED = StationPlan(2, 80, offset_pixels=0.4, gains=(1.3, 1.0), noise=0.02, falloff=0.3)


@pytest.fixture(scope="module")
def whole():
    return body()


def cut(whole, plan=PLAIN, seed=0):
    return cut_stations(whole, plan, np.random.default_rng(seed))


def code_of(parts, limits=LIMITS):
    with pytest.raises(GeometryError) as caught:
        join(parts, limits)
    return caught.value.code


@pytest.mark.parametrize("count", [2, 3])
def test_stations_of_one_grid_become_the_volume_they_were_cut_from(whole, count):
    joined = join(cut(whole, StationPlan(count, 80)), LIMITS)

    assert joined.grid.matches(whole.grid)
    np.testing.assert_allclose(joined.data, whole.data, atol=1e-3)


@pytest.mark.parametrize("count", [2, 3])
def test_gains_are_matched_to_the_lowest_station(whole, count):
    plan = StationPlan(count, 80, gains=(1.7, 0.6, 1.0)[-count:])

    joined = join(cut(whole, plan), LIMITS)

    np.testing.assert_allclose(joined.data, whole.data, rtol=1e-3, atol=0.1)


def test_lowest_station_keeps_its_own_voxels(whole):
    parts = cut(whole, replace(AS_RECEIVED, offset_pixels=0.0, falloff=0.0))
    alone = parts[0].grid.affine[2, 3] - parts[1].affine[2, 3]
    rows = round(alone / 4.0)

    joined = join(parts, LIMITS)

    np.testing.assert_allclose(joined.data[:, :, :rows], parts[1].data[:, :, :rows], rtol=1e-5)


def test_stations_between_pixels_with_noise_show_a_landmark_where_it_is(whole):
    bright = Volume(whole.data.copy(), whole.affine)
    bright.data[3, 20, 120:122] = 4 * whole.data.max()
    world = bright.grid.world_from_index(np.array([3, 20, 120.5]))

    joined = join(cut(bright, AS_RECEIVED), LIMITS)

    weight = np.clip(joined.data - 2 * whole.data.max(), 0, None)
    center = np.array(np.nonzero(weight)) @ weight[weight > 0] / weight.sum()
    assert np.linalg.norm(joined.grid.world_from_index(center) - world) < 1.0


def test_seam_fades_instead_of_jumping(whole):
    parts = cut(whole, replace(AS_RECEIVED, offset_pixels=0.0, noise=0.0))

    joined = join(parts, LIMITS).data

    # Rows next to each other differ no more in the overlap than elsewhere.
    jumps = np.abs(np.diff(joined.mean(axis=(0, 1)) / whole.data.mean(axis=(0, 1))))
    assert jumps[70:91].max() < 2 * np.median(jumps[5:60]) + 0.02


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("plan", [PLAIN, AS_RECEIVED])
def test_mirrored_station_is_refused(whole, axis, plan):
    upper, lower = cut(whole, plan)
    assert code_of([upper, mirrored(lower, axis)]) is Code.STATION_MIRRORED


@pytest.mark.parametrize(
    ("shift_mm", "turn_degrees"),
    [((3, 0, 0), 0), ((0, 3, 0), 0), ((0, 0, 3), 0), ((0, 0, 25), 0), ((0, 0, 0), 2)],
)
@pytest.mark.parametrize("plan", [PLAIN, AS_RECEIVED])
def test_patient_who_moved_between_stations_is_refused(whole, plan, shift_mm, turn_degrees):
    upper, lower = cut(whole, plan)
    assert code_of([upper, moved(lower, shift_mm, turn_degrees)]) is Code.PATIENT_MOVED


def test_motion_is_told_with_its_size(whole):
    upper, lower = cut(whole)
    with pytest.raises(GeometryError, match=r"moved by 3\.\d mm and 0\.\d degrees"):
        join([upper, moved(lower, (0, 0, 3.2))], LIMITS)


@pytest.mark.parametrize("exponent", [0.5, 0.65, 1.6])
@pytest.mark.parametrize("plan", [PLAIN, AS_RECEIVED])
def test_another_contrast_is_refused(whole, plan, exponent):
    upper, lower = cut(whole, plan)
    assert code_of([recontrasted(upper, exponent), lower]) is Code.OTHER_CONTRAST


def test_shading_that_one_factor_cannot_match_is_refused(whole):
    upper, lower = cut(whole)
    limits = replace(LIMITS, maximum_slope=100.0)
    assert code_of([shaded(upper, 0.9), lower], limits) is Code.SEAM_VISIBLE


def test_gain_beyond_any_coil_is_refused(whole):
    upper, lower = cut(whole, StationPlan(2, 80, gains=(9.0, 1.0)))
    assert code_of([upper, lower]) is Code.SEAM_VISIBLE


def test_edges_that_do_not_continue_are_refused(whole):
    upper, _ = cut(whole)
    other = cut(body(seed=9))[1]
    assert code_of([upper, other]) in (Code.SEAM_VISIBLE, Code.PATIENT_MOVED)


def test_blank_station_is_refused(whole):
    upper, lower = cut(whole)
    blank = Volume(np.full_like(lower.data, 7), lower.affine)
    assert code_of([upper, blank]) in (Code.SEAM_VISIBLE, Code.OTHER_CONTRAST)


@pytest.mark.parametrize("overlap_mm", [16, 0, -40])
def test_overlap_too_small_is_refused(whole, overlap_mm):
    upper, lower = cut(whole)
    rows = round((80 - overlap_mm) / 4)
    shorter = Volume(
        np.ascontiguousarray(lower.data[:, :, : lower.data.shape[2] - rows]), lower.affine
    )
    assert code_of([upper, shorter]) is Code.OVERLAP_TOO_SMALL


def test_stations_beside_each_other_are_refused(whole):
    upper, lower = cut(whole)
    away = lower.affine.copy()
    away[:3, 3] += 120 * away[:3, 1] / 4
    assert code_of([upper, Volume(lower.data, away)]) is Code.OVERLAP_TOO_SMALL


def test_turned_station_is_refused(whole):
    upper, _ = cut(whole)
    _, lower = cut(body(turn_degrees=9.5))
    assert code_of([upper, lower]) is Code.MIXED_ORIENTATIONS


def test_slices_between_slices_are_refused(whole):
    upper, lower = cut(whole)
    between = lower.affine.copy()
    between[:3, 3] += 0.5 * between[:3, 0]
    assert code_of([upper, Volume(lower.data, between)]) is Code.MIXED_GEOMETRY


def test_slices_of_another_distance_are_refused(whole):
    upper, _ = cut(whole)
    _, lower = cut(body(spacing=(5.0, 4.0, 4.0)))
    assert code_of([upper, lower]) is Code.MIXED_GEOMETRY


def test_a_station_of_fewer_slices_does_not_cost_the_other_its_midline(whole):
    upper, lower = cut(whole)
    # Five of seven are enough for a volume, and less than four fifths.
    fewer = Volume(np.ascontiguousarray(upper.data[:5]), upper.affine)
    assert code_of([fewer, lower]) is Code.MIXED_GEOMETRY
    enough = Volume(np.ascontiguousarray(upper.data[:6]), upper.affine)
    assert join([enough, lower], LIMITS).data.shape[0] == 6


def test_a_narrow_station_leaves_no_voxels_that_none_shows(whole):
    upper, lower = cut(whole)
    narrow = Volume(np.ascontiguousarray(lower.data[:, :32]), lower.affine)
    assert code_of([upper, narrow]) is Code.OVERLAP_TOO_SMALL


def test_too_few_slices_in_common_are_refused(whole):
    upper, lower = cut(whole)
    away = lower.affine.copy()
    away[:3, 3] += 4 * away[:3, 0]
    assert code_of([upper, Volume(lower.data, away)]) is Code.MIXED_GEOMETRY


def test_joined_volume_beyond_the_limit_is_refused(whole):
    assert code_of(cut(whole), replace(LIMITS, maximum_voxels=1000)) is Code.TOO_LARGE


def test_coarser_station_is_resampled_onto_the_finer_one(whole):
    upper, lower = cut(whole)
    grid = lower.grid
    affine = grid.affine.copy()
    affine[:3, 1:3] *= 1.25
    coarse = interpolate(lower, type(grid)((7, 32, 72), affine))

    joined = join([upper, coarse], LIMITS)

    assert joined.grid.spacing_mm == pytest.approx((4, 4, 4))
    common = joined.data[:, :32, 2:156], whole.data[:, :32, 2:156]
    assert np.corrcoef(common[0].ravel(), common[1].ravel())[0, 1] > 0.98


def test_slices_that_one_station_lacks_are_left_out(whole):
    upper, lower = cut(whole)
    fewer = Volume(np.ascontiguousarray(upper.data[1:]), upper.affine.copy())
    fewer.affine[:3, 3] = upper.grid.world_from_index(np.array([1, 0, 0]))

    joined = join([fewer, lower], LIMITS)

    np.testing.assert_allclose(joined.data, whole.data[1:], atol=1e-3)


def test_overlap_is_the_box_that_both_hold(whole):
    parts = cut(whole, StationPlan(2, 80))
    placed = joined_grid([part.grid for part in parts], PlacementLimits())
    overlap = placed.overlap(0, 1)
    assert overlap.shape == (7, 40, 20)
    assert np.allclose(overlap.affine[:3, 3], parts[0].affine[:3, 3])
