"""Whole spines as scanners write them: in stations, which are joined or refused with the reason."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from phantom.dicom_headers import SeriesHeader
from phantom.protocols import LUMBAR_T2, Plane, Vendor
from phantom.stations import StationPlan, cut_stations, mirrored, moved, recontrasted
from phantom.write_study import SeriesToWrite, Stack, write_study
from spine.dicom.geometry import pixel_from_world
from spine.errors import Code
from tests.spine.imaging.parts import body

pytestmark = pytest.mark.slow

PROTOCOL = replace(LUMBAR_T2, name="T2 sag")


@pytest.fixture(scope="module")
def whole():
    return body()


@pytest.fixture(scope="module")
def parts(whole):
    """Two stations, head to foot."""
    return cut_stations(whole, StationPlan(2, 80), np.random.default_rng(0))


def series_of(volume, protocol=PROTOCOL, **options):
    header = options.pop("header", SeriesHeader(body_part="SPINE"))
    return SeriesToWrite((Stack(volume, Plane.SAGITTAL),), protocol, header, **options)


def in_one(volumes, **options):
    stacks = tuple(Stack(volume, Plane.SAGITTAL) for volume in volumes)
    return [SeriesToWrite(stacks, PROTOCOL, SeriesHeader(body_part="SPINE"), **options)]


def change(paths, edit):
    """Edit every instance of a series; `edit` gets its number and the data set."""
    for number, path in enumerate(paths):
        dataset = dcmread(path)
        edit(number, dataset)
        dataset.save_as(path)


def number_acquisitions(paths):
    def edit(number, dataset):
        dataset.AcquisitionNumber = 1 + number // 7

    change(paths, edit)


def interleave(paths):
    """Even slices of a station first, then the odd ones, acquired in two passes."""

    def edit(number, dataset):
        order = [0, 2, 4, 6, 1, 3, 5]
        dataset.InstanceNumber = 1 + 7 * (number // 7) + order.index(number % 7)
        dataset.AcquisitionNumber = 1 + number % 2

    change(paths, edit)


def round_positions(paths):
    """As few digits as old software writes."""

    def edit(_, dataset):
        dataset.ImagePositionPatient = [round(float(x), 2) for x in dataset.ImagePositionPatient]
        dataset.ImageOrientationPatient = [
            round(float(x), 5) for x in dataset.ImageOrientationPatient
        ]

    change(paths, edit)


def drop_spacing(paths):
    """Siemens leaves Spacing Between Slices out of some classic images."""
    change(paths, lambda _, dataset: dataset.pop("SpacingBetweenSlices"))


def one_stack_id(paths):
    """A stack that is none: one Stack ID for all stations, counted through."""

    def edit(_, dataset):
        for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence, start=1):
            frame.FrameContentSequence[0].StackID = "1"
            frame.FrameContentSequence[0].InStackPositionNumber = number

    change(paths, edit)


def private_geometry(paths):
    """Philips repeats positions in private groups, for its own console and in its own axes."""

    def edit(_, dataset):
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            block = frame.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
            item = Dataset()
            item.ImagePositionPatient = [0, 0, 0]
            item.RescaleSlope = 99
            block.add_new(0x0F, "SQ", [item])

    change(paths, edit)


def shuffle_frames(paths):
    """Frames interleaved, in the order of acquisition instead of space."""

    def edit(_, dataset):
        count = dataset.NumberOfFrames
        order = [*range(0, count, 2), *range(1, count, 2)]
        frames = dataset.PerFrameFunctionalGroupsSequence
        dataset.PerFrameFunctionalGroupsSequence = [frames[index] for index in order]
        dataset.PixelData = dataset.pixel_array[order].tobytes()

    change(paths, edit)


def untouched(_):
    pass


PHILIPS = replace(PROTOCOL, vendor=Vendor.PHILIPS)
MATRIX = {
    "Siemens, a series a station": (lambda v: [series_of(x) for x in v], untouched),
    "Siemens, no spacing of slices": (lambda v: [series_of(x) for x in v], drop_spacing),
    "Siemens, one series, numbered acquisitions": (in_one, number_acquisitions),
    "one series that tells nothing apart": (in_one, untouched),
    "one series, interleaved slices": (in_one, interleave),
    "few digits": (lambda v: [series_of(x) for x in v], round_positions),
    "Philips, own scale a series": (lambda v: [series_of(x, PHILIPS) for x in v], untouched),
    "enhanced, a series a station": (
        lambda v: [series_of(x, enhanced=True) for x in v], untouched,
    ),
    "enhanced, an instance a station": (lambda v: in_one(v, enhanced=True), untouched),
    "enhanced, a stack a station": (
        lambda v: in_one(v, enhanced=True, concatenated=True), untouched,
    ),
    "enhanced, one Stack ID for all": (
        lambda v: in_one(v, enhanced=True, concatenated=True), one_stack_id,
    ),
    "enhanced, private positions": (
        lambda v: in_one(v, enhanced=True, concatenated=True), private_geometry,
    ),
    "enhanced, interleaved frames": (
        lambda v: [series_of(x, enhanced=True) for x in v], shuffle_frames,
    ),
}  # fmt: skip


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", MATRIX)
def test_stations_are_joined_however_they_are_written(tmp_path, whole, selection, name, count):
    layout, quirk = MATRIX[name]
    parts = cut_stations(whole, StationPlan(count, 80), np.random.default_rng(0))
    # A scale of its own for each Philips series.
    factors = (1.7, 1.0, 0.6) if name.startswith("Philips") else (1.0, 1.0, 1.0)
    volumes = [
        replace(p, data=p.data * np.float32(f)) for p, f in zip(parts, factors, strict=False)
    ]
    written = write_study(layout(volumes), tmp_path)
    for paths in written.paths:
        quirk(paths)

    result = selection(tmp_path)

    assert result.refusal is None
    assert len(result.stations) == count
    assert result.volume.grid.shape == whole.grid.shape
    np.testing.assert_allclose(result.volume.affine, whole.affine, atol=0.05)
    seen = result.volume.data / result.volume.data.max() * whole.data.max()
    np.testing.assert_allclose(seen, whole.data, atol=0.02 * whole.data.max())
    assert {item.series_instance_uid for item in result.sources} == set(
        written.series_instance_uids
    )
    assert len(result.instances) == sum(map(len, written.paths))
    assert all(decision.taken for decision in result.decisions)
    assert [caution.code for caution in result.cautions] == [Code.STATIONS_JOINED]


def test_frames_of_each_station_show_where_its_pixels_lie(tmp_path, parts, selection):
    write_study([series_of(part) for part in parts], tmp_path)

    result = selection(tmp_path)

    assert [len(station.frames) for station in result.stations] == [7, 7]
    assert result.frames == (*result.stations[0].frames, *result.stations[1].frames)
    for part, station in zip(parts, result.stations, strict=True):
        corner = part.grid.world_from_index(np.array([2, 39, 89]))
        assert pixel_from_world(station.frames[2], corner) == pytest.approx((0, 0), abs=1e-3)
    assert result.series is result.stations[-1].series


@pytest.fixture
def refused(tmp_path, selection):
    """Select from stations that must not be joined; return the code that says why."""

    def run(upper, lower):
        written = write_study([upper, lower], tmp_path)
        result = selection(tmp_path)
        assert result.refusal is None
        assert result.stations == ()
        taken = [item for item in result.decisions if item.taken]
        others = [item for item in result.decisions if not item.taken]
        assert len(taken) == len(others) == 1
        assert taken[0].codes == ()
        assert any("not joined with others" in reason for reason in taken[0].reasons)
        # What is analyzed is one station, as it lies.
        number = written.series_instance_uids.index(taken[0].series_instance_uid)
        station = (upper, lower)[number].stacks[0].volume
        assert result.volume.grid.shape == station.data.shape
        assert result.series.series_instance_uid == taken[0].series_instance_uid
        return others[0].codes, result.cautions

    return run


def test_mirrored_station_is_never_joined(refused, parts):
    codes, cautions = refused(series_of(mirrored(parts[0])), series_of(parts[1]))
    assert codes == (Code.STATION_MIRRORED,)
    assert "were not joined" in cautions[0].reason


@pytest.mark.parametrize(("shift_mm", "degrees"), [((0, 3, 0), 0), ((0, 0, 0), 2)])
def test_patient_who_moved_is_never_joined(refused, parts, shift_mm, degrees):
    upper = moved(parts[0], shift_mm, degrees)
    codes, cautions = refused(series_of(upper), series_of(parts[1]))
    assert codes == (Code.PATIENT_MOVED,)
    assert [caution.code for caution in cautions] == [Code.PATIENT_MOVED]


def test_another_origin_is_another_sitting(refused, parts):
    codes, cautions = refused(series_of(parts[0]), series_of(parts[1], sitting=1))
    assert codes == (Code.OTHER_SITTING,)
    assert "positioned anew" in cautions[0].reason


def test_hours_between_stations_are_another_sitting(refused, parts):
    codes, _ = refused(series_of(parts[0]), series_of(parts[1], delay_minutes=150))
    assert codes == (Code.OTHER_SITTING,)


def test_another_echo_time_is_another_contrast(refused, parts):
    longer = replace(PROTOCOL, echo_time_ms=110.0)
    codes, _ = refused(series_of(parts[0], longer), series_of(parts[1]))
    assert codes == (Code.OTHER_CONTRAST,)


def test_another_contrast_shows_in_the_pixels_whatever_the_header_says(refused, parts):
    codes, _ = refused(series_of(recontrasted(parts[0], 0.5)), series_of(parts[1]))
    assert codes == (Code.OTHER_CONTRAST,)


@pytest.mark.parametrize("overlap_mm", [12, -20])
def test_overlap_too_small_is_refused(refused, whole, overlap_mm):
    def rows(first, end):
        affine = whole.affine.copy()
        affine[:3, 3] = whole.grid.world_from_index(np.array([0, 0, first]))
        return replace(whole, data=np.ascontiguousarray(whole.data[:, :, first:end]), affine=affine)

    cut = 90 + overlap_mm // 4
    upper, lower = rows(90, 160), rows(0, cut)
    codes, _ = refused(series_of(upper), series_of(lower))
    assert codes == (Code.OVERLAP_TOO_SMALL,)


def test_slices_of_another_distance_are_an_ordinary_examination(tmp_path, parts, selection):
    other = body(spacing=(5.0, 4.0, 4.0))
    lower = cut_stations(other, StationPlan(2, 80), np.random.default_rng(0))[1]
    write_study([series_of(parts[0]), series_of(lower)], tmp_path)

    result = selection(tmp_path)

    assert result.stations == ()
    assert result.cautions == ()


def test_composed_series_is_preferred_to_its_stations(tmp_path, whole, parts, selection):
    header = SeriesHeader(
        body_part="SPINE", image_type=("DERIVED", "PRIMARY", "M", "ND", "COMP_SP", "COMPOSED")
    )
    stations = [series_of(part) for part in parts]
    written = write_study([*stations, series_of(whole, header=header)], tmp_path)

    result = selection(tmp_path)

    assert result.series.series_instance_uid == written.series_instance_uids[2]
    assert (result.stations, result.cautions) == ((), ())
    assert np.array_equal(result.volume.data, whole.data)


def test_stations_serve_where_the_composed_series_is_incomplete(tmp_path, whole, parts, selection):
    header = SeriesHeader(body_part="SPINE", image_type=("DERIVED", "PRIMARY", "M", "COMPOSED"))
    stations = [series_of(part) for part in parts]
    written = write_study([*stations, series_of(whole, header=header)], tmp_path)
    written.paths[2][3].unlink()

    result = selection(tmp_path)

    assert len(result.stations) == 2
    np.testing.assert_allclose(result.volume.data, whole.data, atol=1e-3)
    decisions = {item.series_instance_uid: item.codes for item in result.decisions}
    assert decisions[written.series_instance_uids[2]] == (Code.MISSING_SLICES,)


def test_finer_lumbar_series_does_not_disturb_the_stations(tmp_path, parts, volume, selection):
    lumbar = volume((11, 60, 70), (4.4, 4.0, 4.0))
    lumbar.affine[:3, 3] = parts[1].affine[:3, 3]
    fine = series_of(lumbar, header=SeriesHeader(body_part="LSPINE"))
    write_study([*(series_of(part) for part in parts), fine], tmp_path)

    assert len(selection(tmp_path).stations) == 2


def test_part_of_a_spine_is_not_joined_where_the_lumbar_spine_would_be_left_out(
    tmp_path, whole, selection
):
    upper, middle, lowest = cut_stations(whole, StationPlan(3, 80), np.random.default_rng(0))
    other = replace(PROTOCOL, slice_thickness_mm=3.0)
    low = replace(lowest, affine=lowest.affine @ np.diag([1.1, 1, 1, 1]))
    write_study([series_of(upper), series_of(middle), series_of(low, other)], tmp_path)

    assert selection(tmp_path).stations == ()


def test_repeated_station_is_used_once(tmp_path, parts, selection):
    write_study([series_of(parts[0]), series_of(parts[1]), series_of(parts[1])], tmp_path)

    result = selection(tmp_path)

    assert len(result.stations) == 2
    assert len(result.sources) == 2


def test_defect_of_a_station_refuses_the_join_and_leaves_the_other(tmp_path, parts, selection):
    written = write_study([series_of(part) for part in parts], tmp_path)
    written.paths[0][3].unlink()

    result = selection(tmp_path)

    assert result.series.series_instance_uid == written.series_instance_uids[1]
    decisions = {item.series_instance_uid: item.codes for item in result.decisions}
    assert decisions[written.series_instance_uids[0]] == (Code.MISSING_SLICES,)
    assert result.cautions[0].code is Code.MISSING_SLICES


def test_all_stations_defective_is_the_best_ones_own_refusal(tmp_path, parts, selection):
    written = write_study([series_of(part) for part in parts], tmp_path)
    for paths in written.paths:
        paths[3].unlink()

    result = selection(tmp_path)

    assert result.refusal.code is Code.MISSING_SLICES
    assert "not joined" not in result.refusal.reason
    assert (result.volume, result.stations) == (None, ())
