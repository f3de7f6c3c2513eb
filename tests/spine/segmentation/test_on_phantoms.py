"""Levels and geometry on the perfect label maps of synthetic subjects."""

from dataclasses import replace

import numpy as np
import pytest

from phantom.protocols import CERVICAL_T2, LUMBAR_T2, WHOLE_SPINE_T2, coarser
from phantom.rendering import Rendering, render
from phantom.subjects import subject
from phantom.variants import Variant
from spine.anatomy.labels import DISC_BY_LABEL, VERTEBRA_LABELS, classes_from_labels
from spine.anatomy.levels import Level
from spine.findings import Evidence, ModelReference, Segmentation
from spine.imaging.volume import LabelMap
from spine.inference.models import Model
from spine.preprocessing.segmentation import SegmentationSpec, WindowSpec
from spine.segmentation.segmenter import Prediction, SegmentationSettings, interpret

pytestmark = pytest.mark.slow
REFERENCE = ModelReference("spine-segmentation", "0.0.0", "0" * 64, Evidence.SYNTHETIC)
MODEL = Model(
    REFERENCE, SegmentationSpec(WindowSpec((3.0, 1.8, 1.8), (16, 192, 400))), lambda batch: batch
)


# Shows C2 and the sacrum of the tallest, also with a vertebra more than usual.
TALL_FIELD = replace(WHOLE_SPINE_T2, rows=WHOLE_SPINE_T2.rows + 80)


def _render(seed, protocol, variant=None, pixel_mm=1.5) -> Rendering:
    person = subject(seed, variant=variant, age_years=45.0)
    return render(person, coarser(protocol, pixel_mm), np.random.default_rng(seed), sub_slices=1)


def _interpret(rendering: Rendering) -> Segmentation:
    labels = rendering.labels
    classes = LabelMap(classes_from_labels(labels.data), labels.affine)
    found = interpret(rendering.volume, Prediction(classes), MODEL, SegmentationSettings())
    assert isinstance(found, Segmentation)
    return found


def _wrong_discs(rendering: Rendering, found: Segmentation) -> list[str]:
    truth = rendering.labels.data
    return [
        str(level)
        for value, level in DISC_BY_LABEL.items()
        if (truth == value).any() and (found.labels.data[truth == value] == value).mean() < 0.9
    ]


@pytest.mark.parametrize(
    "variant", [Variant(12, 5), Variant(13, 5), Variant(12, 6), Variant(11, 5), Variant(12, 4)]
)
def test_whole_spine_names_every_disc_of_every_count(variant):
    rendering = _render(21, TALL_FIELD, variant)
    found = _interpret(rendering)
    assert _wrong_discs(rendering, found) == []
    assert found.quality.levels_certain
    assert found.quality.vertebra_count == 6 + variant.thoracic + variant.lumbar


@pytest.mark.parametrize("variant", [Variant(13, 5), Variant(12, 6)])
def test_unusual_count_stays_uncertain_where_the_view_cuts_c2(variant):
    rendering = _render(21, WHOLE_SPINE_T2, variant)
    found = _interpret(rendering)
    assert (rendering.labels.data[..., -2:] == VERTEBRA_LABELS[Level.C2]).any()
    assert _wrong_discs(rendering, found) == []
    assert not found.quality.levels_certain


@pytest.mark.parametrize("protocol", [LUMBAR_T2, CERVICAL_T2])
def test_truncated_views_are_named_from_the_anchor_in_view(protocol):
    rendering = _render(22, protocol)
    found = _interpret(rendering)
    assert _wrong_discs(rendering, found) == []
    assert found.quality.levels_certain


def test_discs_are_measured_where_and_as_they_are():
    rendering = _render(23, WHOLE_SPINE_T2, pixel_mm=0.9)
    truth = {disc.level: disc for disc in rendering.truth.discs}
    found = _interpret(rendering)
    assert len(found.geometry.discs) == len(truth)
    # Endplates broken through make single discs higher than their edges are.
    errors = [disc.height_mm - truth[disc.level].height_mm for disc in found.geometry.discs]
    assert np.median(np.abs(errors)) < 1.0
    for disc in found.geometry.discs:
        true = truth[disc.level]
        offset = np.subtract(disc.frame.center, true.center_mm)
        # Sideways the stack of slices may end within the disc.
        assert abs(offset @ disc.frame.anterior) < 3.0
        assert abs(offset @ disc.frame.superior) < 1.5
        assert np.dot(disc.frame.superior, true.superior) > np.cos(np.radians(7))


def test_c1_is_found_around_the_dens():
    rendering = _render(24, CERVICAL_T2)
    found = _interpret(rendering)
    truth = rendering.labels.data == 11
    assert (found.labels.data[truth] == 11).mean() > 0.6
