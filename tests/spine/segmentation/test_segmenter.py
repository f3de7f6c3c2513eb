"""The segmenter around a network that is not one."""

import numpy as np
import pytest

from spine.dicom.study import PatientFacts, Selection, Study
from spine.errors import Code, Refusal, SegmentationError
from spine.findings import Evidence, ModelReference, Segmentation
from spine.imaging.volume import Volume
from spine.inference.models import Model
from spine.preprocessing.fine import FineSpec
from spine.preprocessing.segmentation import SegmentationSpec, WindowSpec, window_from_classes
from spine.segmentation.segmenter import SegmentationSettings, segment
from tests.spine.segmentation.perfect import PerfectCoarse, PerfectFine, noise

pytestmark = pytest.mark.slow

SPEC = SegmentationSpec(WindowSpec((3.0, 1.8, 1.8), (16, 192, 400)))
REFERENCE = ModelReference("spine-segmentation", "0.0.0", "0" * 64, Evidence.SYNTHETIC)
SETTINGS = SegmentationSettings()


def _selection(volume=None, refusal=None) -> Selection:
    patient = PatientFacts("1", "", None, "O", None, None, None)
    return Selection(Study("1.2.3", patient, ()), None, (), volume, (), refusal)


def _model(answer) -> Model:
    return Model(REFERENCE, SPEC, network=answer)


def _one_hot(classes):
    window = window_from_classes(classes, SPEC.coarse)
    scores = np.stack([window == value for value in range(9)]).astype(np.float32)
    return lambda _batch: scores[None]


def _nothing(batch):
    scores = np.zeros((1, 9, *batch.shape[2:]), np.float32)
    scores[:, 0] = 1
    return scores


def test_a_perfect_network_gives_every_level_on_the_native_grid(draw):
    spine = draw()
    volume = Volume(
        np.random.default_rng(0).random(spine.classes.data.shape, np.float32), spine.classes.affine
    )
    found = segment(_selection(volume), _model(_one_hot(spine.classes)), SETTINGS)
    assert isinstance(found, Segmentation)
    assert found.labels.grid.matches(volume.grid)
    assert found.quality.vertebra_count == 23
    assert found.quality.levels_certain
    for vertebra in found.geometry.vertebrae:
        distance = np.subtract(vertebra.center, spine.centers_mm[vertebra.level])
        assert np.linalg.norm(distance) < 4.0, vertebra.level


def _two_nets(volume, classes) -> Model:
    spec = SegmentationSpec(SPEC.coarse, FineSpec())
    coarse = PerfectCoarse(volume, classes, spec.coarse)
    return Model(REFERENCE, spec, coarse, fine=PerfectFine(volume, classes, spec.fine))


@pytest.mark.parametrize("mirrored_fine", [False, True])
def test_two_perfect_nets_give_every_level_on_the_native_grid(draw, mirrored_fine):
    spine = draw(shape=(10, 200, 560), spacing_mm=(4.0, 1.1, 1.2))
    volume = noise(spine.classes)
    settings = SegmentationSettings(mirrored_fine=mirrored_fine)

    found = segment(_selection(volume), _two_nets(volume, spine.classes), settings)

    assert isinstance(found, Segmentation)
    assert found.labels.grid.matches(volume.grid)
    assert found.quality.vertebra_count == 23
    assert found.quality.levels_certain
    for vertebra in found.geometry.vertebrae:
        distance = np.subtract(vertebra.center, spine.centers_mm[vertebra.level])
        assert np.linalg.norm(distance) < 4.0, vertebra.level
    # Both passes of the coarse net see the same.
    assert found.quality.disagreement == 0


def test_without_a_mirrored_pass_nobody_knows_how_far_passes_disagree(draw):
    spine = draw()
    volume = noise(spine.classes)
    settings = SegmentationSettings(mirrored_coarse=False)

    found = segment(_selection(volume), _model(_one_hot(spine.classes)), settings)

    assert found.quality.disagreement is None


def test_a_refused_selection_is_passed_on_for_the_study():
    refused = segment(
        _selection(refusal=Refusal(Code.NO_CANDIDATE, "none", "series")), _model(_nothing), SETTINGS
    )
    assert refused == Refusal(Code.NO_CANDIDATE, "none", "study")


def test_a_picture_without_a_spine_is_refused_for_too_few_vertebrae():
    volume = Volume(np.ones((10, 64, 80), np.float32), np.diag([4.0, 2.0, 2.0, 1.0]))
    refused = segment(_selection(volume), _model(_nothing), SETTINGS)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.TOO_FEW_VERTEBRAE
    assert refused.subject == "study"


def test_a_selection_with_neither_volume_nor_refusal_is_an_error():
    with pytest.raises(SegmentationError):
        segment(_selection(), _model(_nothing), SETTINGS)


def test_a_network_that_fails_is_no_study_without_a_spine():
    volume = Volume(np.ones((10, 64, 80), np.float32), np.diag([4.0, 2.0, 2.0, 1.0]))
    with pytest.raises(SegmentationError) as caught:
        segment(_selection(volume), _model(lambda batch: _nothing(batch) * np.nan), SETTINGS)
    assert caught.value.code is Code.NOT_FINITE
