"""What every object of a run has in common, judged by other people's programs too."""

import copy
import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import highdicom
import pytest
from pydicom import Dataset, dcmread

from spine.dicom.identifiers import is_own_result
from spine.reporting.wording import DEMONSTRATION_NOTICE
from spine.reporting.writing import WritingSettings, write

CASES = ["findings", "all_refused", "out_of_scope", "with_cautions"]


@pytest.fixture
def validator_errors(program: Callable[[str], str]) -> Callable[[Path], list[str]]:
    command = program("dciodvfy")

    def errors(path: Path) -> list[str]:
        done = subprocess.run(
            [command, "-new", str(path)], capture_output=True, check=False, timeout=60
        )
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        assert any(not line.startswith(("Error", "Warning")) for line in lines), "no IOD named"
        return [line for line in lines if line.startswith("Error")]

    return errors


@pytest.mark.slow
@pytest.mark.parametrize("demonstration", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_dciodvfy_finds_no_error(case, demonstration, written, validator_errors):
    made = written(case, demonstration=demonstration).objects
    assert {name: found for name, path in made.items() if (found := validator_errors(path))} == {}


@pytest.mark.slow
def test_dciodvfy_finds_no_error_about_an_enhanced_source(
    build_enhanced, references, run, validator_errors, tmp_path
):
    made = write(build_enhanced(tmp_path / "in"), references, run, WritingSettings()).written
    assert {path.name: found for path in made if (found := validator_errors(path))} == {}


@pytest.mark.slow
def test_a_source_of_bare_headers_can_still_be_reported(
    out_of_scope, references, run, validator_errors
):
    kept = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality"]
    selection = out_of_scope.selection
    instances = tuple(
        dataclasses.replace(item, header=bare(item.header, kept))
        for item in selection.series.instances
    )
    series = dataclasses.replace(selection.series, instances=instances)
    poor = dataclasses.replace(
        out_of_scope, selection=dataclasses.replace(selection, series=series)
    )
    made = write(poor, references, run, WritingSettings()).written
    assert [path.name for path in made] == ["1-secondary-capture.dcm", "2-structured-report.dcm"]
    assert {path.name: found for path in made if (found := validator_errors(path))} == {}


def bare(header: Dataset, keywords: list[str]) -> Dataset:
    poor = Dataset()
    for keyword in keywords:
        setattr(poor, keyword, header[keyword].value)
    return poor


@pytest.mark.slow
def test_validator_sees_an_error(written, validator_errors, tmp_path):
    damaged = dcmread(written("findings").objects["secondary-capture"])
    del damaged.ConversionType
    damaged.save_as(tmp_path / "damaged.dcm")
    assert validator_errors(tmp_path / "damaged.dcm")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_dsrdump_reads_the_report(case, written, program):
    path = written(case).objects["structured-report"]
    done = subprocess.run(
        [program("dsrdump"), str(path)], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert b"RESEARCH" in done.stdout


def test_study_and_patient_are_those_of_the_source(findings, written):
    source = findings.selection.series.instances[0].header
    for path in written("findings").objects.values():
        made = dcmread(path)
        for keyword in (
            "PatientName",
            "PatientID",
            "IssuerOfPatientID",
            "PatientBirthDate",
            "PatientSex",
            "StudyInstanceUID",
            "StudyDate",
            "StudyTime",
            "AccessionNumber",
        ):
            assert made[keyword].value == source[keyword].value, (path.name, keyword)


def test_every_series_says_what_it_is_not_for(written):
    for path in written("findings").objects.values():
        made = dcmread(path)
        assert "Research use only" in made.SeriesDescription
        assert "NOT FOR PATIENTS" not in made.SeriesDescription


def test_every_object_of_a_lowered_evidence_says_demonstration(written):
    for path in written("findings", demonstration=True).objects.values():
        made = dcmread(path)
        assert DEMONSTRATION_NOTICE in made.SeriesDescription
        assert "Research use only" in made.SeriesDescription
        assert len(made.SeriesDescription.encode()) <= 64


def test_series_are_apart_and_keep_their_numbers(written):
    made = {name: dcmread(path) for name, path in written("findings").objects.items()}
    assert len({item.SeriesInstanceUID for item in made.values()}) == len(made)
    assert len({item.SeriesNumber for item in made.values()}) == len(made)
    fewer = {name: dcmread(path) for name, path in written("out_of_scope").objects.items()}
    for name, item in fewer.items():
        assert item.SeriesNumber == made[name].SeriesNumber


def test_everything_is_dated_at_the_analysis(written):
    for path in written("findings").objects.values():
        made = dcmread(path)
        for event in ("Content", "Series", "InstanceCreation"):
            assert str(made[f"{event}Date"].value) == "20250315"
            assert str(made[f"{event}Time"].value) == "103012"
        models = [
            item
            for item in made.ContributingEquipmentSequence
            if item.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
        ]
        assert models
        assert {str(item.ContributionDateTime) for item in models} == {"20250315103012+0000"}


def test_dates_are_in_the_time_zone_of_the_source(findings, references, run):
    selection = findings.selection
    instances = []
    for instance in selection.series.instances:
        header = copy.deepcopy(instance.header)
        header.TimezoneOffsetFromUTC = "+0900"
        instances.append(dataclasses.replace(instance, header=header))
    series = dataclasses.replace(selection.series, instances=tuple(instances))
    tokyo = dataclasses.replace(findings, selection=dataclasses.replace(selection, series=series))
    for path in write(tokyo, references, run, WritingSettings()).written:
        made = dcmread(path)
        assert made.TimezoneOffsetFromUTC == "+0900"
        assert str(made.ContentTime) == "193012"


def test_each_model_is_named_as_equipment(written, references):
    report = dcmread(written("findings").objects["structured-report"])
    named = {
        (item.ManufacturerModelName, item.SoftwareVersions, bool(item.DeviceUID))
        for item in report.ContributingEquipmentSequence
        if item.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    }
    assert named == {(model.name, model.version, True) for model in references}


def test_our_own_objects_are_recognized_when_they_come_back(written):
    for path in written("findings").objects.values():
        assert is_own_result(dcmread(path, stop_before_pixels=True))


@pytest.mark.parametrize("case", CASES)
def test_highdicom_reads_every_object(case, written):
    made = written(case).objects
    report = highdicom.sr.srread(made["structured-report"])
    assert report.content.get_image_measurement_groups()
    for name, path in made.items():
        if name.startswith("segmentation"):
            assert highdicom.seg.segread(path).number_of_segments
