"""What IHE AI Results asks of a creator of evidence (docs/ihe-ai-results.md), clause by clause."""

from collections.abc import Iterator

import pytest
from pydicom import Dataset, dcmread

from spine.dicom.identifiers import MANUFACTURER
from spine.reporting.kinds import Kind
from spine.reporting.stamping import model_device_uid

pytestmark = pytest.mark.slow

PROCESSING_EQUIPMENT = "109102"
REPORTS = ("structured-report", "text-report")


@pytest.fixture
def made(written) -> dict[str, Dataset]:
    paths = written("with_everything", kinds=frozenset(Kind)).objects
    return {name: dcmread(path, stop_before_pixels=True) for name, path in paths.items()}


def content(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", ()):
        yield child
        yield from content(child)


def named(items: Iterator[Dataset], code: str) -> list[Dataset]:
    return [
        item
        for item in items
        if "ConceptNameCodeSequence" in item and item.ConceptNameCodeSequence[0].CodeValue == code
    ]


def referenced(dataset: Dataset) -> set[str]:
    return {
        str(element.value)
        for element in dataset.iterall()
        if element.keyword == "ReferencedSOPInstanceUID"
    }


def test_every_object_describes_each_algorithm_behind_it_as_equipment(made, references):
    known = {model.name: model for model in references}
    for name, dataset in made.items():
        items = [
            item
            for item in dataset.ContributingEquipmentSequence
            if item.PurposeOfReferenceCodeSequence[0].CodeValue == PROCESSING_EQUIPMENT
        ]
        assert items, name
        for item in items:
            model = known[item.ManufacturerModelName]
            assert item.Manufacturer == MANUFACTURER
            assert item.SoftwareVersions == model.version
            assert item.DeviceUID == model_device_uid(model)


def test_the_algorithms_of_a_map_are_its_own_alone(made):
    models = {
        name: [
            item.ManufacturerModelName
            for item in made[name].ContributingEquipmentSequence
            if item.PurposeOfReferenceCodeSequence[0].CodeValue == PROCESSING_EQUIPMENT
        ]
        for name in ("label-map", "segmentation-discs", "heat-map-older")
    }
    assert models == {
        "label-map": ["spine-segmentation"],
        "segmentation-discs": ["spine-segmentation"],
        "heat-map-older": ["age-dcnn"],
    }


def test_device_uid_changes_with_the_weights(references):
    first, second, third = references
    assert len({model_device_uid(model) for model in (first, second, third)}) == 3


def test_report_names_algorithms_as_the_equipment_does(made, references):
    report = made["structured-report"]
    names = {item.TextValue for item in named(content(report), "111001")}
    versions = {item.TextValue for item in named(content(report), "111003")}
    assert names <= {model.name for model in references} | {"disc-bulging-grade"}
    assert "age-dcnn" in names
    assert versions
    for segment in made["segmentation-discs"].SegmentSequence:
        (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (
            references[0].name,
            references[0].version,
        )


def test_findings_and_measurements_are_a_measurement_report(made):
    report = made["structured-report"]
    assert report.SOPClassUID.name == "Comprehensive 3D SR Storage"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert report.ConceptNameCodeSequence[0].CodeValue == "126000"


def test_procedure_reported_is_the_imaging_and_not_the_algorithm(made):
    (procedure,) = named(content(made["structured-report"]), "121058")
    assert procedure.ConceptCodeSequence[0].CodeMeaning == "Imaging procedure"


def test_regions_are_segmentations_and_maps_parametric_maps(made):
    assert made["segmentation-discs"].SOPClassUID.name == "Segmentation Storage"
    # Label Map Segmentation Storage, which pydicom 3.0.2 has no name for.
    assert made["label-map"].SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.7"
    assert made["heat-map-older"].SOPClassUID.name == "Parametric Map Storage"


def test_every_group_and_every_segment_is_tracked(made):
    report = made["structured-report"]
    groups = named(content(report), "125007")
    tracked = {item.UID for item in named(content(report), "112040")}
    assert len(named(content(report), "112039")) == len(groups) == len(tracked)
    for name in ("segmentation-vertebrae", "segmentation-discs", "label-map"):
        for segment in made[name].SegmentSequence:
            assert segment.SegmentLabel == "Background" or segment.TrackingUID, name


def test_a_disc_is_tracked_as_the_same_in_both_segmentations_and_the_report(made):
    of_segments = {
        name: next(
            item.TrackingUID for item in made[name].SegmentSequence if item.SegmentLabel == "L4/L5"
        )
        for name in ("segmentation-discs", "label-map")
    }
    assert len(set(of_segments.values())) == 1
    tracked = {item.UID for item in named(content(made["structured-report"]), "112040")}
    assert set(of_segments.values()) < tracked


@pytest.mark.parametrize("name", REPORTS)
def test_reports_refer_to_images_that_their_evidence_lists_and_to_no_object_of_ours(name, made):
    report = made[name]
    listed = {
        str(item.ReferencedSOPInstanceUID)
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    in_content = {uid for item in report.ContentSequence for uid in referenced(item)}
    assert in_content
    assert in_content <= listed
    ours = {str(dataset.SOPInstanceUID) for dataset in made.values()}
    assert not referenced(report) & ours


def test_everything_is_filed_in_the_study_that_was_analyzed(made, findings):
    assert {item.StudyInstanceUID for item in made.values()} == {
        findings.selection.study.study_instance_uid
    }
