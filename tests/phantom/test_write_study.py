import hashlib
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK
from pydicom import dcmread
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)

from phantom.dicom_headers import SeriesHeader
from phantom.dicom_patient import PatientIdentity, StudyIdentity
from phantom.protocols import (
    LUMBAR_AXIAL_T2,
    LUMBAR_STIR,
    LUMBAR_T1,
    LUMBAR_T2,
    LUMBAR_T2_PHILIPS,
    Plane,
)
from phantom.write_study import SeriesToWrite, Stack, one_series, write_study
from spine.imaging.volume import Volume

PROTOCOLS = [LUMBAR_T2, LUMBAR_T2_PHILIPS, LUMBAR_T1, LUMBAR_STIR, LUMBAR_AXIAL_T2]
SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEG2000Lossless,
    RLELossless,
]


@pytest.fixture
def volume():
    angle = np.deg2rad(11)
    rotation = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag([4.0, 1.5, 1.2])
    affine[:3, 3] = [-20, 15, -60]
    data = np.random.default_rng(3).integers(0, 4096, (5, 36, 40)).astype(np.float32)
    return Volume(data, affine)


def errors(program, paths):
    """Return dciodvfy's complaints of severity error, over some files."""
    found = []
    for path in paths:
        done = subprocess.run(
            [program("dciodvfy"), "-new", str(path)], capture_output=True, text=True, check=False
        )
        found += [line for line in done.stderr.splitlines() if line.startswith("Error")]
        assert "MRImage" in done.stderr
    return found


@pytest.mark.slow
@pytest.mark.parametrize("enhanced", [False, True])
def test_dciodvfy_finds_no_error(tmp_path, volume, program, enhanced):
    series = [one_series(volume, protocol, enhanced=enhanced) for protocol in PROTOCOLS]
    series += [
        one_series(volume, LUMBAR_T2, None, syntax, enhanced=enhanced) for syntax in SYNTAXES
    ]
    japanese = PatientIdentity(
        name="Yamada^Tarou=山田^太郎=やまだ^たろう",
        character_set=("", "ISO 2022 IR 87"),
        birth_date=None,
        age="045Y",
        issuer="HOSPITAL",
    )
    written = write_study(series, tmp_path, japanese)

    assert errors(program, [paths[0] for paths in written.paths]) == []


def test_same_seed_gives_same_bytes_and_another_seed_other_uids(tmp_path, volume):
    series = [one_series(volume, LUMBAR_T2), one_series(volume, LUMBAR_T1, enhanced=True)]
    first = write_study(series, tmp_path / "a", study=StudyIdentity(seed=4))
    again = write_study(series, tmp_path / "b", study=StudyIdentity(seed=4))
    other = write_study(series, tmp_path / "c", study=StudyIdentity(seed=5))

    assert digests(first) == digests(again)
    assert first.study_instance_uid != other.study_instance_uid
    assert not set(digests(first)) & set(digests(other))


def digests(written):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for paths in written.paths
        for path in paths
    }


def test_files_are_named_by_their_instance_and_numbered(tmp_path, volume):
    written = write_study([one_series(volume, LUMBAR_T2), one_series(volume, LUMBAR_T1)], tmp_path)

    headers = [[dcmread(path) for path in paths] for paths in written.paths]

    for number, (uid, group) in enumerate(zip(written.series_instance_uids, headers, strict=True)):
        assert {header.SeriesInstanceUID for header in group} == {uid}
        assert {header.SeriesNumber for header in group} == {number + 1}
        assert [header.InstanceNumber for header in group] == [1, 2, 3, 4, 5]
    assert all(path.stem == dcmread(path).SOPInstanceUID for path in written.paths[0])


@pytest.mark.parametrize("plane", list(Plane))
def test_an_independent_reader_sees_every_voxel_where_it_lies(tmp_path, volume, plane):
    protocol = replace(LUMBAR_T2, plane=plane)
    written = write_study([one_series(volume, protocol)], tmp_path)
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(
        str(tmp_path), written.series_instance_uids[0]
    )

    image = SimpleITK.ReadImage(names)

    rng = np.random.default_rng(0)
    for _ in range(50):
        index = np.array([rng.integers(0, size) for size in volume.data.shape])
        world = volume.grid.world_from_index(index)
        lps = (-world[0], -world[1], world[2])
        position = image.TransformPhysicalPointToContinuousIndex(lps)
        nearest = [round(value) for value in position]
        assert np.allclose(position, nearest, atol=1e-3)
        assert image.GetPixel(*nearest) == volume.data[tuple(index)]


def test_sagittal_images_show_anterior_left_and_the_head_up(tmp_path, volume):
    path = write_study([one_series(volume, LUMBAR_T2)], tmp_path).paths[0][0]

    orientation = dcmread(path).ImageOrientationPatient

    assert orientation[1] > 0.9  # columns run to posterior
    assert orientation[5] == -1  # rows run to the feet


def test_headers_tell_protocol_and_vendor(tmp_path, volume):
    written = write_study(
        [one_series(volume, LUMBAR_T2_PHILIPS), one_series(volume, LUMBAR_STIR)], tmp_path
    )

    philips, siemens = (dcmread(paths[0]) for paths in written.paths)

    assert philips.Manufacturer.startswith("Philips")
    assert philips.RescaleSlope > 0
    assert siemens.Manufacturer == "SIEMENS"
    assert "RescaleSlope" not in siemens
    assert siemens.InversionTime == LUMBAR_STIR.inversion_time_ms
    assert (philips.EchoTime, philips.RepetitionTime) == (
        LUMBAR_T2_PHILIPS.echo_time_ms,
        LUMBAR_T2_PHILIPS.repetition_time_ms,
    )
    assert philips.BodyPartExamined == "LSPINE"


def test_patient_is_written_as_given(tmp_path, volume):
    patient = PatientIdentity(name="Buc^Jérôme", birth_date=None, age="061Y", sex="M")
    path = write_study([one_series(volume, LUMBAR_T2)], tmp_path, patient).paths[0][0]

    header = dcmread(path)

    assert str(header.PatientName) == "Buc^Jérôme"
    assert b"Buc^J\xe9r\xf4me" in path.read_bytes()
    assert header.PatientBirthDate == ""
    assert (header.PatientAge, header.PatientSex) == ("061Y", "M")


def test_header_overrides_are_written(tmp_path, volume):
    header = SeriesHeader(modality="CT", body_part="KNEE", image_type=("DERIVED", "PRIMARY", "W"))
    path = write_study([one_series(volume, LUMBAR_T2, header)], tmp_path).paths[0][0]

    dataset = dcmread(path)

    assert (dataset.Modality, dataset.BodyPartExamined) == ("CT", "KNEE")
    assert list(dataset.ImageType) == ["DERIVED", "PRIMARY", "W"]


def test_localizer_holds_three_planes_in_one_series(tmp_path, volume):
    stacks = tuple(Stack(volume, plane) for plane in Plane)
    written = write_study([SeriesToWrite(stacks, LUMBAR_T2)], tmp_path)

    orientations = {tuple(dcmread(path).ImageOrientationPatient) for path in written.paths[0]}

    assert len(orientations) == 3
    assert len(written.paths[0]) == sum(volume.data.shape)


@pytest.mark.parametrize("spoil", ["negative", "infinite", "sheared"])
def test_what_dicom_cannot_hold_is_refused(tmp_path, volume, spoil):
    data, affine = volume.data.copy(), volume.affine.copy()
    if spoil == "negative":
        data[0, 0, 0] = -1
    elif spoil == "infinite":
        data[0, 0, 0] = np.inf
    else:
        affine[:3, 0] += 0.2 * affine[:3, 2]
    with pytest.raises(ValueError, match=r"must be|orthogonal"):
        write_study([one_series(Volume(data, affine), LUMBAR_T2)], tmp_path)
