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
from spine.reporting.kinds import DEFAULT_KINDS, Kind
from spine.reporting.wording import DEMONSTRATION_NOTICE
from spine.reporting.writing import WritingSettings, write

pytestmark = pytest.mark.slow

CASES = ["findings", "all_refused", "out_of_scope", "with_cautions"]
EVERY = frozenset(Kind)
# Every kind once, and every case with what is written by default.
WRITTEN = [*((case, DEFAULT_KINDS) for case in CASES), ("with_everything", EVERY)]
# The validator of 2022 knows no label maps (supplement 243, 2024): neither their class nor that
# a segment may have the number 0.
OF_LABEL_MAPS = ("Information Object Not found", "with SegmentNumber of 0")


def by_series(path: Path) -> str:
    """What an object's series holds: key pictures share one."""
    return "key-picture" if "key-picture" in path.name else path.name


@pytest.fixture
def validator_errors(program: Callable[[str], str]) -> Callable[[Path], list[str]]:
    command = program("dciodvfy")

    def errors(path: Path) -> list[str]:
        done = subprocess.run(
            [command, "-new", str(path)], capture_output=True, check=False, timeout=60
        )
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        found = [line for line in lines if line.startswith("Error")]
        if "label-map" in path.name:
            assert all(sum(words in line for line in found) == 1 for words in OF_LABEL_MAPS)
            return [line for line in found if not line.endswith(OF_LABEL_MAPS)]
        assert any(not line.startswith(("Error", "Warning")) for line in lines), "no IOD named"
        return found

    return errors


@pytest.mark.parametrize("demonstration", [False, True])
@pytest.mark.parametrize(("case", "kinds"), WRITTEN)
def test_dciodvfy_finds_no_error(case, kinds, demonstration, written, validator_errors):
    made = written(case, demonstration=demonstration, kinds=kinds).objects
    assert {name: found for name, path in made.items() if (found := validator_errors(path))} == {}


def test_dciodvfy_finds_no_error_about_an_enhanced_source(
    build_enhanced, with_everything, references, run, validator_errors, tmp_path
):
    source, heat = build_enhanced(tmp_path / "in"), with_everything.age
    enhanced = dataclasses.replace(source, age=heat)
    made = write(enhanced, references, run, WritingSettings(objects=EVERY)).written
    assert {path.name: found for path in made if (found := validator_errors(path))} == {}
    assert any("heat-map" in path.name for path in made)


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


def test_validator_sees_an_error(written, validator_errors, tmp_path):
    damaged = dcmread(written("findings").objects["secondary-capture"])
    del damaged.ConversionType
    damaged.save_as(tmp_path / "damaged.dcm")
    assert validator_errors(tmp_path / "damaged.dcm")


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
    for path in written("with_everything", kinds=EVERY).objects.values():
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
    for path in written("with_everything", kinds=EVERY).objects.values():
        made = dcmread(path)
        assert "Research use only" in made.SeriesDescription
        assert "NOT FOR PATIENTS" not in made.SeriesDescription


def test_every_object_of_a_lowered_evidence_says_demonstration(written):
    made = written("with_everything", demonstration=True, kinds=EVERY).objects
    for path in made.values():
        made = dcmread(path)
        assert DEMONSTRATION_NOTICE in made.SeriesDescription
        assert "Research use only" in made.SeriesDescription
        assert len(made.SeriesDescription.encode()) <= 64


def test_series_are_apart_and_keep_their_numbers(written):
    made = written("with_everything", kinds=EVERY).objects
    series = {by_series(path) for path in made.values()}
    read = {name: dcmread(path) for name, path in made.items()}
    assert len({item.SeriesInstanceUID for item in read.values()}) == len(series)
    assert len({item.SeriesNumber for item in read.values()}) == len(series)
    assert len({item.SeriesDescription for item in read.values()}) == len(series)
    assert len({item.SOPInstanceUID for item in read.values()}) == len(read)
    for case, kinds in (("out_of_scope", EVERY), ("findings", DEFAULT_KINDS)):
        for name, path in written(case, kinds=kinds).objects.items():
            assert dcmread(path).SeriesNumber == read[name].SeriesNumber


def test_default_series_have_the_numbers_that_they_always_had(written):
    read = [dcmread(path) for path in written("findings").outcome.written]
    assert [item.SeriesNumber for item in read] == [9001, 9002, 9003, 9004, 9005, 9006]


def test_key_pictures_are_the_instances_of_one_series(written):
    made = written("with_everything", kinds=frozenset({Kind.KEY_PICTURES})).outcome.written
    assert [dcmread(path).InstanceNumber for path in made] == [1, 2, 3, 4, 5]


def test_everything_is_dated_at_the_analysis(written):
    for path in written("with_everything", kinds=EVERY).objects.values():
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
    for path in written("with_everything", kinds=EVERY).objects.values():
        assert is_own_result(dcmread(path, stop_before_pixels=True))


@pytest.mark.parametrize(("case", "kinds"), WRITTEN)
def test_highdicom_reads_every_object(case, kinds, written):
    made = written(case, kinds=kinds).objects
    report = highdicom.sr.srread(made["structured-report"])
    assert report.content.get_image_measurement_groups()
    for name, path in made.items():
        if name == "text-report":
            assert highdicom.sr.srread(path).content
        if name.startswith(("segmentation", "label-map")):
            assert highdicom.seg.segread(path).segment_numbers
        if name.startswith("heat-map"):
            assert highdicom.imread(path).number_of_frames
