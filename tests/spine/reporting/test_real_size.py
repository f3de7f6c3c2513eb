"""One whole spine at its real size: written, validated, and read back by dcmqi."""

import json
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK

from phantom.protocols import WHOLE_SPINE_T2
from phantom.rendering import render
from phantom.subjects import subject
from phantom.write_study import one_series, write_study
from spine.anatomy.labels import DISC_LABELS, classes_from_labels
from spine.anatomy.levels import DiscLevel
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.errors import Code, Refusal
from spine.findings import Findings, Segmentation
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap
from spine.reporting.writing import WritingSettings, write
from spine.segmentation.segmenter import Prediction, SegmentationSettings, interpret

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole_spine(references, tmp_path_factory) -> Findings:
    rendering = render(subject(3), WHOLE_SPINE_T2, np.random.default_rng(3), sub_slices=1)
    folder = tmp_path_factory.mktemp("whole-spine")
    write_study([one_series(rendering.volume, WHOLE_SPINE_T2)], folder)
    selection = select(load(folder, LoadingSettings()), SelectionSettings())
    labels = canonical(rendering.labels)
    assert selection.volume is not None
    assert labels.grid.matches(selection.volume.grid)
    classes = LabelMap(classes_from_labels(labels.data), selection.volume.affine)
    model = SimpleNamespace(reference=references[0])
    segmentation = interpret(selection.volume, Prediction(classes), model, SegmentationSettings())
    refusal = Refusal(Code.MODEL_MISSING, "No model was given.", "age")
    return Findings(selection, segmentation, refusal, ())


def test_every_voxel_of_a_whole_spine_comes_back_in_valid_objects(
    whole_spine, references, run, program, interpreter_programs, tmp_path
):
    outcome = write(whole_spine, references, run, WritingSettings())
    for path in outcome.written:
        checked = subprocess.run(
            [program("dciodvfy"), "-new", str(path)], capture_output=True, check=False, timeout=120
        )
        assert b"Error" not in checked.stdout + checked.stderr, path.name
    segmentation = whole_spine.segmentation
    assert isinstance(segmentation, Segmentation)
    labels = np.where(
        np.isin(segmentation.labels.data, list(DISC_LABELS.values())), segmentation.labels.data, 0
    )
    found = discs_by_dcmqi(outcome.written[1], interpreter_programs, tmp_path, segmentation.labels)
    assert (found != labels).sum() == 0
    assert len(np.unique(labels)) == 24


def discs_by_dcmqi(path, programs, folder, labels: LabelMap) -> np.ndarray:
    command = programs / "segimage2itkimage"
    if not command.exists():
        pytest.skip("needs dcmqi")
    options = ("--inputDICOM", path, "--outputDirectory", folder, "--outputType", "nrrd")
    subprocess.run([command, *options], check=True, capture_output=True, timeout=300)
    attributes = json.loads((folder / "meta.json").read_text())["segmentAttributes"]
    found = np.zeros(labels.grid.shape, dtype=np.uint8)
    for segment in (item for group in attributes for item in group):
        image = SimpleITK.ReadImage(str(folder / f"{segment['labelID']}.nrrd"))
        k, j, i = np.nonzero(SimpleITK.GetArrayFromImage(image))
        scaled = np.stack([i, j, k], axis=1) * np.array(image.GetSpacing())
        lps = scaled @ np.array(image.GetDirection()).reshape(3, 3).T + np.array(image.GetOrigin())
        index = np.round(labels.grid.index_from_world(lps * [-1, -1, 1])).astype(int)
        found[tuple(index.T)] = DISC_LABELS[DiscLevel(segment["SegmentLabel"])]
    return found
