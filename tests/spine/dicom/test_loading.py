import shutil
from datetime import date

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, MRImageStorage

from phantom.dicom_patient import PatientIdentity, StudyIdentity
from phantom.write_study import one_series, write_study
from spine.dicom.identifiers import MANUFACTURER_MODEL_NAME
from spine.dicom.loading import LoadingSettings, load
from spine.errors import Code, InputError

SETTINGS = LoadingSettings()

# Names as they stand in the standard's examples (PS3.5 annexes H, I and J).
NAMES = {
    "Japanese": (("", "ISO 2022 IR 87"), "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "Japanese, JIS X 0201": (
        ("ISO 2022 IR 13", "ISO 2022 IR 87"),
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "Greek": (("ISO_IR 126",), "Διονυσιος"),
    "GB18030": (("GB18030",), "Wang^XiaoDong=王^小东"),
    "Latin-1": (("ISO_IR 100",), "Buc^Jérôme"),
    "UTF-8": (("ISO_IR 192",), "Wang^XiaoDong=王^小東"),
}


def code_of(folder, settings=SETTINGS):
    with pytest.raises(InputError) as caught:
        load(folder, settings)
    return caught.value.code


def cautions(study):
    return {caution.code: caution.reason for caution in study.cautions}


def test_every_instance_of_every_series_is_kept(tmp_path, series):
    written = write_study([series(), series()], tmp_path)

    study = load(tmp_path, SETTINGS)

    assert study.study_instance_uid == written.study_instance_uid
    assert {item.series_instance_uid for item in study.series} == set(written.series_instance_uids)
    assert [len(item.instances) for item in study.series] == [7, 7]
    assert study.cautions == ()


def test_headers_hold_no_pixels(tmp_path, series):
    write_study([series()], tmp_path)

    header = load(tmp_path, SETTINGS).series[0].instances[0].header

    assert "PixelData" not in header
    assert header.file_meta.TransferSyntaxUID


def test_missing_folder_and_empty_folder_are_told_apart(tmp_path):
    assert code_of(tmp_path / "absent") is Code.INPUT_MISSING
    assert code_of(tmp_path) is Code.INPUT_EMPTY


def test_folder_without_any_dicom_is_empty(tmp_path):
    (tmp_path / "readme.txt").write_text("no images here")
    assert code_of(tmp_path) is Code.INPUT_EMPTY


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 400])
def test_what_is_not_dicom_is_set_aside_and_loses_nothing_else(tmp_path, series, content):
    write_study([series()], tmp_path)
    (tmp_path / "a-stranger").write_bytes(content)

    study = load(tmp_path, SETTINGS)

    assert set(cautions(study)) == {Code.NOT_DICOM}
    assert len(study.series[0].instances) == 7


@pytest.mark.parametrize("syntax", [None, JPEG2000Lossless])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_truncated_file_is_set_aside_wherever_it_was_cut(tmp_path, volume, series, syntax, kept):
    item = (
        series()
        if syntax is None
        else one_series(volume((5, 40, 36)), series().protocol, transfer_syntax=syntax)
    )
    path = write_study([item], tmp_path).paths[0][2]
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])

    study = load(tmp_path, SETTINGS)

    assert set(cautions(study)) == {Code.TRUNCATED}
    assert len(study.series[0].instances) == len(item.stacks[0].volume.data) - 1


def test_no_prefix_of_a_file_passes_for_the_whole(tmp_path, series):
    paths = write_study([series()], tmp_path).paths[0]
    for path in paths[1:]:
        path.unlink()
    content = paths[0].read_bytes()

    for length in range(0, len(content) - 1, 23):
        paths[0].write_bytes(content[:length])
        assert code_of(tmp_path) is Code.INPUT_EMPTY, length


def test_identical_duplicates_count_once_with_a_caution(tmp_path, series):
    paths = write_study([series()], tmp_path).paths[0]
    shutil.copy(paths[0], tmp_path / "copy.dcm")
    resent = dcmread(paths[1])
    resent.file_meta.SourceApplicationEntityTitle = "OTHER"
    resent.save_as(tmp_path / "resent.dcm")

    study = load(tmp_path, SETTINGS)

    assert cautions(study)[Code.IDENTICAL_DUPLICATE].startswith("2 files")
    assert len(study.series[0].instances) == 7


def test_second_version_of_an_instance_never_replaces_the_first(tmp_path, series):
    path = write_study([series()], tmp_path).paths[0][0]
    other = dcmread(path)
    other.SeriesDescription = "changed"
    other.save_as(tmp_path / "zz.dcm")

    study = load(tmp_path, SETTINGS)

    assert set(cautions(study)) == {Code.CONFLICTING_DUPLICATE}
    descriptions = {item.header.SeriesDescription for item in study.series[0].instances}
    assert descriptions == {"sag"}


def test_deflated_instances_are_read_and_told_apart(tmp_path, series):
    paths = write_study([series()], tmp_path).paths[0]
    for path in paths:
        dataset = dcmread(path)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(path)
    other = dcmread(paths[0])
    other.PixelData = bytes(len(other.PixelData))
    other.save_as(tmp_path / "zz")

    study = load(tmp_path, SETTINGS)

    assert len({item.sha256 for item in study.series[0].instances}) == 7
    assert set(cautions(study)) == {Code.CONFLICTING_DUPLICATE}


def test_two_patients_are_refused(tmp_path, series):
    write_study([series()], tmp_path, PatientIdentity(patient_id="A"))
    write_study([series()], tmp_path, PatientIdentity(patient_id="B"), StudyIdentity(seed=1))
    assert code_of(tmp_path) is Code.TWO_PATIENTS


def test_two_issuers_of_one_id_are_two_patients(tmp_path, series):
    write_study([series()], tmp_path, PatientIdentity(issuer="NORTH"))
    write_study([series()], tmp_path, PatientIdentity(issuer="SOUTH"), StudyIdentity(seed=1))
    assert code_of(tmp_path) is Code.TWO_PATIENTS


def test_names_decide_where_an_id_is_missing(tmp_path, series):
    write_study([series()], tmp_path, PatientIdentity(patient_id="", name="First"))
    write_study(
        [series()], tmp_path, PatientIdentity(patient_id="", name="Second"), StudyIdentity(seed=1)
    )
    assert code_of(tmp_path) is Code.TWO_PATIENTS


def test_two_studies_of_one_patient_are_refused(tmp_path, series):
    write_study([series()], tmp_path / "a")
    write_study([series()], tmp_path / "b", study=StudyIdentity(seed=1))
    assert code_of(tmp_path) is Code.TWO_STUDIES


def test_too_many_files_are_refused_unopened(tmp_path, series):
    write_study([series()], tmp_path)
    assert code_of(tmp_path, LoadingSettings(maximum_files=6)) is Code.TOO_LARGE


@pytest.mark.parametrize("writing", NAMES)
def test_names_keep_their_bytes(tmp_path, series, writing):
    character_set, name = NAMES[writing]
    identity = PatientIdentity(name=name, character_set=character_set)
    path = write_study([series()], tmp_path / "in", identity).paths[0][0]

    header = load(tmp_path / "in", SETTINGS).series[0].instances[0].header
    assert str(header.PatientName) == name
    copied = Dataset()
    for keyword in ("SpecificCharacterSet", "PatientName"):
        copied[keyword] = header[keyword]
    copied.save_as(tmp_path / "copy", implicit_vr=False, little_endian=True)

    stored = name_bytes(path.read_bytes())
    assert len(stored) > 5
    assert name_bytes((tmp_path / "copy").read_bytes()) == stored


def name_bytes(content):
    """Cut the value of Patient's Name, explicit VR, out of a file's bytes."""
    start = content.index(b"\x10\x00\x10\x00PN")
    length = int.from_bytes(content[start + 6 : start + 8], "little")
    return content[start + 8 : start + 8 + length]


def test_earlier_reports_are_no_part_of_the_study(tmp_path, series):
    patient = PatientIdentity(issuer="CLINIC")
    path = write_study([series()], tmp_path, patient).paths[0][0]
    (tmp_path / "priors").mkdir()
    for name, model in (("ours", MANUFACTURER_MODEL_NAME), ("foreign", "Other")):
        report = dcmread(path, stop_before_pixels=True)
        report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = (
            "1.2.840.10008.5.1.4.1.1.88.34"
        )
        report.StudyInstanceUID, report.SOPInstanceUID = "1.2.3", f"1.2.3.{len(name)}"
        report.ManufacturerModelName = model
        del report.Rows
        report.save_as(tmp_path / "priors" / name)

    study = load(tmp_path, SETTINGS)

    assert [prior.sop_instance_uid for prior in study.priors] == ["1.2.3.4"]
    assert study.priors[0].study_instance_uid == "1.2.3"
    assert len(study.series) == 1


def test_earlier_reports_may_lie_in_a_folder_of_their_own(tmp_path, series):
    patient = PatientIdentity(issuer="CLINIC")
    path = write_study([series()], tmp_path / "in", patient).paths[0][0]
    report = dcmread(path, stop_before_pixels=True)
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.34"
    report.StudyInstanceUID, report.SOPInstanceUID = "1.2.3", "1.2.3.4"
    report.ManufacturerModelName = MANUFACTURER_MODEL_NAME
    del report.Rows
    (tmp_path / "elsewhere").mkdir()
    report.save_as(tmp_path / "elsewhere" / "report.dcm")

    study = load(tmp_path / "in", SETTINGS, tmp_path / "elsewhere")

    assert [prior.sop_instance_uid for prior in study.priors] == ["1.2.3.4"]
    assert load(tmp_path / "in", SETTINGS).priors == ()


def test_age_is_study_date_minus_birth_date(tmp_path, series):
    patient = PatientIdentity(birth_date=date(1970, 3, 14))
    write_study([series()], tmp_path, patient, StudyIdentity(study_date=date(2025, 3, 14)))

    facts = load(tmp_path, SETTINGS).patient

    assert facts.age_years == pytest.approx(55.0, abs=0.01)
    assert facts.age_refusal is None
    assert (facts.patient_id, facts.sex) == ("PHANTOM-1", "O")


def test_reasons_never_name_files_or_patients(tmp_path, series):
    write_study([series()], tmp_path, PatientIdentity(name="Secret^Name", patient_id="SECRET"))
    (tmp_path / "SECRET.txt").write_text("x")
    study = load(tmp_path, SETTINGS)
    assert "SECRET" not in str(study.cautions).upper()


def test_nothing_of_the_patient_reaches_logs_or_warnings(tmp_path, series, caplog, recwarn):
    write_study([series()], tmp_path)
    whole = write_study([series(enhanced=True)], tmp_path / "b", study=StudyIdentity(seed=1))
    content = whole.paths[0][0].read_bytes()
    whole.paths[0][0].unlink()
    # Cut within its functional groups; a bad study UID is quoted as well.
    (tmp_path / "SECRET.dcm").write_bytes(content[: len(content) // 2])
    uid = whole.study_instance_uid.encode()
    (tmp_path / "bad").write_bytes(content.replace(uid, b"SECRET".ljust(len(uid))))
    recwarn.clear()

    study = load(tmp_path, SETTINGS)

    assert set(cautions(study)) == {Code.TRUNCATED, Code.NOT_DICOM}
    assert "SECRET" not in caplog.text
    assert not [warning for warning in recwarn if "SECRET" in str(warning.message)]


def test_bare_data_set_without_preamble_is_read(tmp_path, series):
    path = write_study([series()], tmp_path / "whole").paths[0][0]
    dataset = dcmread(path)
    bare = Dataset({element.tag: element for element in dataset})
    (tmp_path / "bare").mkdir()
    bare.save_as(tmp_path / "bare" / "1", implicit_vr=True, little_endian=True)

    study = load(tmp_path / "bare", SETTINGS)

    assert study.series[0].instances[0].header.SOPClassUID == MRImageStorage
