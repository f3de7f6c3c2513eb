import numpy as np
import pytest
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)

from phantom.protocols import Plane, Vendor
from phantom.write_study import Stack, one_series, write_study
from spine.dicom.frames import frames_from_instance
from spine.dicom.geometry import nearest_frame, planes_from_labels
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.volume import VolumeLimits, volume_from_frames
from spine.errors import Code, GeometryError, UnsuitableSeriesError
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap, Volume
from tests.spine.dicom.pixels import world_from_pixel

LIMITS = VolumeLimits()


def frames_of(folder):
    study = load(folder, LoadingSettings())
    return [
        frame
        for series in study.series
        for instance in series.instances
        for frame in frames_from_instance(instance)
    ]


def read(folder, limits=LIMITS):
    return volume_from_frames(frames_of(folder), limits)


def code_of(folder, limits=LIMITS):
    with pytest.raises((GeometryError, UnsuitableSeriesError)) as caught:
        read(folder, limits)
    return caught.value.code


@pytest.mark.parametrize("plane", list(Plane))
@pytest.mark.parametrize("enhanced", [False, True])
def test_oblique_series_comes_back_voxel_by_voxel(tmp_path, volume, series, plane, enhanced):
    source = volume((7, 9, 13))
    write_study([series(stacks=(Stack(source, plane),), enhanced=enhanced)], tmp_path)

    result, planes = read(tmp_path)

    assert np.array_equal(result.data, source.data)
    assert np.allclose(result.affine, source.affine, atol=1e-6)
    assert len(planes) == source.data.shape[{"sagittal": 0, "coronal": 1, "axial": 2}[plane]]


def test_oblique_series_keeps_landmark_within_tenth_mm(tmp_path, volume, series):
    source = volume()
    source.data[2, 7, 4] = 4095
    source.data[source.data > 4094] = 4094
    source.data[2, 7, 4] = 4095
    world = source.grid.world_from_index(np.array([2, 7, 4]))
    write_study([series(stacks=(Stack(source, Plane.SAGITTAL),))], tmp_path)

    result, planes = read(tmp_path)

    brightest = np.unravel_index(result.data.argmax(), result.data.shape)
    assert np.linalg.norm(result.grid.world_from_index(np.array(brightest)) - world) < 0.1
    assert nearest_frame(planes, world) is planes[2]


def test_volume_of_any_axes_is_written_and_read_as_it_lies(tmp_path, volume, series):
    source = volume()
    shuffled = Volume(
        np.ascontiguousarray(source.data.transpose(2, 0, 1)[::-1]),
        source.affine[:, [2, 0, 1, 3]]
        @ np.array([[-1, 0, 0, 12], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
    )
    write_study([series(stacks=(Stack(shuffled, Plane.SAGITTAL),))], tmp_path)

    result, _ = read(tmp_path)

    assert np.array_equal(result.data, source.data)
    assert np.allclose(result.affine, canonical(shuffled).affine, atol=1e-6)


@pytest.mark.parametrize("enhanced", [False, True])
def test_labels_on_the_volume_return_to_the_stored_pixels(tmp_path, volume, series, enhanced):
    write_study([series(enhanced=enhanced)], tmp_path)
    result, planes = read(tmp_path)
    labels = LabelMap((result.data % 251).astype(np.uint8), result.affine)

    given_back = planes_from_labels(labels, planes)

    stored = {
        (frame.instance.sop_instance_uid, frame.plane.frame_number): frame
        for frame in frames_of(tmp_path)
    }
    from spine.dicom.pixels import decode

    for plane, pixels in zip(planes, given_back, strict=True):
        frame = stored[plane.sop_instance_uid, plane.frame_number]
        assert np.array_equal(decode([frame])[0] % 251, pixels)


def test_planes_follow_the_slice_axis_of_the_volume(tmp_path, series):
    write_study([series()], tmp_path)

    result, planes = read(tmp_path)

    for index, plane in enumerate(planes):
        voxel = result.grid.index_from_world(world_from_pixel(plane, 3, 5))
        assert voxel[0] == pytest.approx(index, abs=1e-6)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, JPEGLosslessSV1, JPEG2000Lossless, RLELossless]
)
@pytest.mark.parametrize("enhanced", [False, True])
def test_compressed_pixels_equal_the_plain_ones(tmp_path, volume, series, syntax, enhanced):
    source, protocol = volume((5, 40, 36)), series().protocol
    plain = one_series(source, protocol, transfer_syntax=ExplicitVRLittleEndian, enhanced=enhanced)
    packed = one_series(source, protocol, transfer_syntax=syntax, enhanced=enhanced)
    write_study([plain], tmp_path / "plain")
    paths = write_study([packed], tmp_path / "packed").paths

    assert frames_of(tmp_path / "packed")[0].instance.header.file_meta.TransferSyntaxUID == syntax
    assert len(paths[0]) == (1 if enhanced else 5)
    assert np.array_equal(read(tmp_path / "packed")[0].data, read(tmp_path / "plain")[0].data)


def test_enhanced_equals_classic(tmp_path, series):
    write_study([series(vendor=Vendor.PHILIPS)], tmp_path / "classic")
    write_study([series(vendor=Vendor.PHILIPS, enhanced=True)], tmp_path / "enhanced")

    classic, classic_planes = read(tmp_path / "classic")
    enhanced, enhanced_planes = read(tmp_path / "enhanced")

    assert np.array_equal(classic.data, enhanced.data)
    assert np.allclose(classic.affine, enhanced.affine)
    assert [plane.frame_number for plane in classic_planes] == [None] * 7
    assert sorted(plane.frame_number for plane in enhanced_planes) == list(range(1, 8))


def test_philips_scale_is_applied(tmp_path, volume, series):
    source = volume()
    fine = Volume(source.data * np.float32(3.7), source.affine)
    item = series(vendor=Vendor.PHILIPS, stacks=(Stack(fine, Plane.SAGITTAL),))
    write_study([item], tmp_path)

    result, _ = read(tmp_path)

    assert np.abs(result.data - fine.data).max() <= fine.data.max() / 4095


@pytest.mark.parametrize("is_signed", [False, True])
def test_series_in_which_less_is_brighter_is_read_as_its_like(edited, is_signed):
    def mirror(_, dataset):
        pixels = dataset.pixel_array.astype(np.int32)
        highest = 2**dataset.BitsStored - 1
        shift = 2 ** (dataset.BitsStored - 1) if is_signed else 0
        dataset.PhotometricInterpretation = "MONOCHROME1"
        dataset.PixelRepresentation = int(is_signed)
        dataset.PixelData = (highest - pixels - shift).astype(np.int16).tobytes()
        dataset.RescaleIntercept = shift

    plain, _ = read(edited())
    mirrored, _ = read(edited(mirror))

    assert plain.data.std() > 0
    assert np.array_equal(mirrored.data, plain.data)


def test_single_slice_is_too_few(edited):
    folder = edited()
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()
    assert code_of(folder) is Code.TOO_FEW_SLICES


@pytest.mark.parametrize("missing", [1, 3, 5])
def test_missing_slice_is_found(edited, missing):
    folder = edited()
    frames = sorted(frames_of(folder), key=lambda frame: frame.instance.header.InstanceNumber)
    frames[missing].instance.path.unlink()
    assert code_of(folder) is Code.MISSING_SLICES


def test_every_second_slice_missing_is_found(tmp_path, volume, series):
    stacks = (Stack(volume((11, 11, 13)), Plane.SAGITTAL),)
    for path in write_study([series(stacks=stacks)], tmp_path).paths[0][1::2]:
        path.unlink()
    assert code_of(tmp_path) is Code.MISSING_SLICES


@pytest.mark.parametrize("spacing", [0.5, 4.0, None])
def test_spacing_of_old_scanners_misleads_nobody(edited, spacing):
    def announce(index, dataset):
        dataset.SpacingBetweenSlices = spacing

    assert read(edited(announce))[0].data.shape == (7, 11, 13)


def test_two_slices_in_one_position(edited):
    first = []

    def move(index, dataset):
        first.append(dataset.ImagePositionPatient)
        if index == 3:
            dataset.ImagePositionPatient = first[2]

    assert code_of(edited(move)) is Code.DUPLICATE_POSITIONS


def test_tilted_slice_among_parallel_ones(edited):
    def tilt(index, dataset):
        if index == 3:
            dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    assert code_of(edited(tilt)) is Code.MIXED_ORIENTATIONS


def test_slice_of_another_pixel_size(edited):
    def stretch(index, dataset):
        if index == 3:
            dataset.PixelSpacing = [1.4, 1.4]

    assert code_of(edited(stretch)) is Code.MIXED_GEOMETRY


def test_slice_of_another_matrix(edited):
    def crop(index, dataset):
        if index == 3:
            dataset.Rows -= 1

    assert code_of(edited(crop)) is Code.MIXED_GEOMETRY


def test_slice_moved_within_its_plane(edited):
    def move(index, dataset):
        if index == 3:
            x, y, z = dataset.ImagePositionPatient
            dataset.ImagePositionPatient = [x, y, z + 3]

    assert code_of(edited(move)) is Code.MIXED_GEOMETRY


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient"])
def test_slice_without_geometry(edited, keyword):
    def strip(index, dataset):
        if index == 3:
            delattr(dataset, keyword)

    assert code_of(edited(strip)) is Code.GEOMETRY_ABSENT


@pytest.mark.parametrize("uid", [None, "", "somewhere"])
def test_slice_without_a_frame_of_reference(edited, uid):
    def strip(index, dataset):
        if index == 3:
            dataset.add_new("FrameOfReferenceUID", "UI", uid)

    assert code_of(edited(strip)) is Code.GEOMETRY_ABSENT


def test_slice_of_another_frame_of_reference(edited):
    def move(index, dataset):
        if index == 3:
            dataset.FrameOfReferenceUID += ".1"

    assert code_of(edited(move)) is Code.MIXED_GEOMETRY


@pytest.mark.parametrize("cosines", [[0, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 2, 0]])
def test_orientation_that_is_none(edited, cosines):
    def spoil(index, dataset):
        dataset.ImageOrientationPatient = cosines

    assert code_of(edited(spoil)) is Code.GEOMETRY_ABSENT


def test_blank_pixels(edited):
    def blank(index, dataset):
        dataset.PixelData = bytes(len(dataset.PixelData))

    assert code_of(edited(blank)) is Code.CONSTANT_PIXELS


@pytest.mark.parametrize("slope", ["NaN", "1e308", "inf", "steep"])
def test_rescale_to_no_number(edited, slope):
    def spoil(index, dataset):
        if index == 3:
            dataset.add_new("RescaleSlope", "LO", slope)
            dataset["RescaleSlope"].VR = "DS"
            dataset.RescaleIntercept = 0

    from pydicom import config

    with config.disable_value_validation():
        folder = edited(spoil)

    assert code_of(folder) is Code.NOT_FINITE


def test_too_many_pixels_are_refused_before_decoding(edited):
    def announce(index, dataset):
        dataset.Rows, dataset.Columns = 65535, 65535

    assert code_of(edited(announce)) is Code.TOO_LARGE


def test_announced_frames_count_before_decoding(edited):
    def announce(index, dataset):
        dataset.NumberOfFrames = 2**31 - 1

    assert code_of(edited(announce, enhanced=True)) is Code.TOO_LARGE


def test_pixel_data_shorter_than_announced(edited):
    def shorten(index, dataset):
        if index == 3:
            dataset.PixelData = dataset.PixelData[:100]

    assert code_of(edited(shorten)) is Code.UNDECODABLE


def test_pixel_data_that_is_no_jpeg(tmp_path, volume, series):
    item = one_series(volume((5, 40, 36)), series().protocol, transfer_syntax=JPEGLosslessSV1)
    path = write_study([item], tmp_path).paths[0][2]
    content = path.read_bytes()
    start = content.index(b"\xff\xd8\xff")
    path.write_bytes(content[:start] + b"\x00" * 64 + content[start + 64 :])
    assert code_of(tmp_path) is Code.UNDECODABLE
