import json
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK
from pydicom import dcmread

from spine.anatomy.labels import (
    CORD,
    CSF,
    DISC_LABELS,
    RIB_LEFT,
    SACRUM,
    VERTEBRA_LABELS,
)
from spine.anatomy.levels import DiscLevel, Level
from spine.reporting.kinds import Kind

SEGMENTATIONS = {
    "segmentation-vertebrae": {
        **{str(level): value for level, value in VERTEBRA_LABELS.items() if value != SACRUM},
        "Sacrum": SACRUM,
    },
    "segmentation-discs": {str(level): value for level, value in DISC_LABELS.items()},
    "segmentation-canal-and-cord": {"Spinal cord": CORD, "Cerebrospinal fluid": CSF},
    "segmentation-ribs": {"Ribs, left": RIB_LEFT},
}


@pytest.fixture(scope="module")
def read_back(written, interpreter_programs, tmp_path_factory):
    """Segments as dcmqi reads them: name to image."""

    def read(name: str) -> dict[str, SimpleITK.Image]:
        folder = tmp_path_factory.mktemp("dcmqi")
        command = interpreter_programs / "segimage2itkimage"
        if not command.exists():
            pytest.skip("needs dcmqi")
        source = written("findings").objects[name]
        options = ("--inputDICOM", source, "--outputDirectory", folder, "--outputType", "nrrd")
        subprocess.run([command, *options], check=True, capture_output=True, timeout=120)
        attributes = json.loads((folder / "meta.json").read_text())["segmentAttributes"]
        named = {item["labelID"]: item["SegmentLabel"] for group in attributes for item in group}
        return {
            label: SimpleITK.ReadImage(str(folder / f"{number}.nrrd"))
            for number, label in named.items()
        }

    return read


def voxels_in_patient_space(image: SimpleITK.Image) -> np.ndarray:
    """World positions, RAS+, of all voxels of a segment, from the image's own geometry."""
    k, j, i = np.nonzero(SimpleITK.GetArrayFromImage(image))
    index = np.stack([i, j, k], axis=1) * np.array(image.GetSpacing())
    lps = index @ np.array(image.GetDirection()).reshape(3, 3).T + np.array(image.GetOrigin())
    return lps * [-1, -1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("name", SEGMENTATIONS)
def test_dcmqi_finds_every_voxel_where_it_was(name, findings, read_back):
    labels = findings.segmentation.labels
    found = np.zeros(labels.grid.shape, dtype=np.uint8)
    for label, image in read_back(name).items():
        index = labels.grid.index_from_world(voxels_in_patient_space(image))
        assert np.abs(index - np.round(index)).max() < 0.01
        found[tuple(np.round(index).astype(int).T)] = SEGMENTATIONS[name][label]
    wanted = np.where(np.isin(labels.data, list(SEGMENTATIONS[name].values())), labels.data, 0)
    assert (found != wanted).sum() == 0


@pytest.mark.slow
def test_left_stays_left_for_an_independent_reader(findings, read_back):
    left = voxels_in_patient_space(read_back("segmentation-ribs")["Ribs, left"])
    middle = voxels_in_patient_space(read_back("segmentation-canal-and-cord")["Spinal cord"])
    # RAS+: left is toward negative x.
    assert left[:, 0].max() < middle[:, 0].min()


@pytest.fixture
def label_map(written):
    made = written("findings", kinds=frozenset({Kind.LABEL_MAP})).objects
    return highdicom.seg.segread(made["label-map"])


def test_label_map_gives_back_every_voxel_in_patient_space(label_map, findings):
    values = {name: value for group in SEGMENTATIONS.values() for name, value in group.items()}
    labels = findings.segmentation.labels
    volume = label_map.get_volume(combine_segments=True)
    found = np.zeros(labels.grid.shape, dtype=np.uint8)
    for number in label_map.segment_numbers:
        lps = volume.map_indices_to_reference(np.argwhere(volume.array == number))
        index = labels.grid.index_from_world(lps * [-1, -1, 1])
        assert np.abs(index - np.round(index)).max() < 0.01
        name = label_map.get_segment_description(number).segment_label
        found[tuple(np.round(index).astype(int).T)] = values[name]
    assert (found != labels.data).sum() == 0


def test_label_map_has_one_frame_a_plane_and_all_structures(label_map, findings):
    assert label_map.SegmentationType == "LABELMAP"
    assert label_map.NumberOfFrames == len(findings.selection.frames)
    names = [item.SegmentLabel for item in label_map.SegmentSequence]
    assert names[:7] == ["T12", "L1", "L2", "L3", "L4", "L5", "Sacrum"]
    assert names[-4:] == ["Spinal cord", "Cerebrospinal fluid", "Ribs, left", "Background"]


def test_a_viewer_that_counts_the_segments_from_one_meets_each_at_its_number(label_map):
    *segments, background = label_map.SegmentSequence
    assert [item.SegmentNumber for item in segments] == list(range(1, len(segments) + 1))
    assert background.SegmentNumber == label_map.PixelPaddingValue == 0


def test_segments_run_from_head_to_foot(written):
    vertebrae = dcmread(written("findings").objects["segmentation-vertebrae"])
    assert [item.SegmentLabel for item in vertebrae.SegmentSequence] == [
        "T12", "L1", "L2", "L3", "L4", "L5", "Sacrum",
    ]  # fmt: skip
    assert [item.SegmentNumber for item in vertebrae.SegmentSequence] == list(range(1, 8))


def test_segments_are_coded_colored_and_name_their_algorithm(written):
    discs = dcmread(written("findings").objects["segmentation-discs"])
    last = discs.SegmentSequence[-1]
    assert last.SegmentLabel == DiscLevel.L5_S1
    assert last.SegmentedPropertyTypeCodeSequence[0].CodeValue == "715056000"
    assert last.SegmentAlgorithmType == "AUTOMATIC"
    algorithm = last.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("spine-segmentation", "0.1.0")
    assert len(last.RecommendedDisplayCIELabValue) == 3
    assert "synthetic" in last.SegmentDescription


def test_side_of_the_ribs_is_coded(written):
    ribs = dcmread(written("findings").objects["segmentation-ribs"])
    kind = ribs.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == "7771000"


def test_frames_refer_to_the_source_instances(written, findings):
    canal = dcmread(written("findings").objects["segmentation-canal-and-cord"])
    known = {item.sop_instance_uid for item in findings.selection.series.instances}
    for frame in canal.PerFrameFunctionalGroupsSequence:
        image = frame.DerivationImageSequence[0].SourceImageSequence[0]
        assert image.ReferencedSOPInstanceUID in known
    assert canal.SegmentationType == "BINARY"


def test_tracking_is_the_same_in_segmentation_and_report(written):
    made = written("findings").objects
    discs = dcmread(made["segmentation-discs"])
    level = next(item for item in discs.SegmentSequence if item.SegmentLabel == "L4/L5")
    assert level.TrackingUID in Path(made["structured-report"]).read_bytes().decode(
        "utf-8", errors="ignore"
    )


def test_no_two_structures_share_a_name():
    names = [name for group in SEGMENTATIONS.values() for name in group]
    assert len(names) == len(set(names))
    assert Level.S1 not in names
