"""A vertebra that a network sees inside the head changes no name and no mask."""

from dataclasses import replace

import numpy as np
import pytest

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap
from spine.segmentation.head_end import without_head
from spine.segmentation.instances import find_instances
from spine.segmentation.segmenter import SegmentationSettings, locate

pytestmark = pytest.mark.slow

NECK_TOP_MM = 90.0


@pytest.fixture
def neck(draw):
    """A spine with 90 mm of field above C2."""
    return draw(top_mm=NECK_TOP_MM, shape=(18, 260, 660)).classes


def _with_head(neck: LabelMap, value: TissueClass, above_mm: float) -> LabelMap:
    """Add a body so far above C2, and a disc right under it."""
    data = neck.data.copy()
    top = int(np.argwhere(data == TissueClass.CERVICAL)[:, 2].max())
    place = data[:, :, top] == TissueClass.CERVICAL
    step = neck.grid.spacing_mm[2]
    low, middle, high = (top + round((above_mm + mm) / step) for mm in (0, 4, 20))
    for rows, what in ((slice(low, middle), TissueClass.DISC), (slice(middle, high), value)):
        free = place[:, :, None] & (data[:, :, rows] == TissueClass.BACKGROUND)
        data[:, :, rows][free] = what
    return LabelMap(data, neck.affine)


def _named(classes: LabelMap):
    found = locate(classes, SegmentationSettings())
    return found.row, found.labels.data


def test_a_thoracic_vertebra_above_the_neck_is_cleared(neck):
    row, labels = _named(_with_head(neck, TissueClass.THORACIC, 14.0))
    expected_row, expected = _named(neck)
    assert row == expected_row
    assert row.is_certain
    np.testing.assert_array_equal(labels, expected)


def test_a_thoracic_vertebra_above_a_thoracic_one_stays(draw):
    chest = draw(top_mm=-170.0, shape=(18, 260, 300)).classes
    assert without_head(chest, find_instances(chest)) is None


def test_a_cervical_piece_above_the_neck_is_not_judged_by_its_region(neck):
    classes = _with_head(neck, TissueClass.CERVICAL, 14.0)
    assert without_head(classes, find_instances(classes)) is None


def test_an_axis_called_thoracic_stays_on_its_disc(neck):
    instances = find_instances(neck)
    axis = replace(instances.bodies[0], votes=(0.3, 0.6, 0.1))
    mistaken = replace(instances, bodies=(axis, *instances.bodies[1:]))
    assert without_head(neck, mistaken) is None


@pytest.mark.parametrize(("field_mm", "is_certain"), [(14.0, True), (3.0, False)])
def test_specks_in_the_skull_base_do_not_hide_c2_and_a_cut_c2_stays_hidden(
    draw, field_mm, is_certain
):
    # Six lumbar vertebrae are certain only between sacrum and C2.
    spine = draw(lumbar=6, top_mm=field_mm).classes
    data = spine.data.copy()
    # Over the dens; beside it they would belong to C1.
    data[6:8, 82:86, -3:] = TissueClass.CERVICAL
    row, _ = _named(LabelMap(data, spine.affine))
    assert row.is_certain is is_certain
