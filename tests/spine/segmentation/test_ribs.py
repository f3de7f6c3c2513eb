"""Ribs decide where the network cannot tell thoracic from lumbar."""

import numpy as np
import pytest

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap
from spine.segmentation.instances import find_instances
from spine.segmentation.levels import Vote
from spine.segmentation.ribs import hear_ribs, rib_volumes_mm3
from spine.segmentation.segmenter import SegmentationSettings, locate

pytestmark = pytest.mark.slow

UNDECIDED = Vote(0.0, 0.6, 0.4)


@pytest.fixture
def six_lumbar(draw):
    """Twelve thoracic and six lumbar vertebrae, the uppermost lumbar one mostly called thoracic."""
    spine = draw(lumbar=6, spacing_mm=(3.3, 1.2, 1.5), shape=(14, 192, 460))
    numbers = find_instances(spine.classes).vertebra_numbers
    data = spine.classes.data.copy()
    first_lumbar = np.argwhere(numbers == 6 + 12 + 1)
    data[tuple(first_lumbar[: len(first_lumbar) * 7 // 10].T)] = TissueClass.THORACIC
    return LabelMap(data, spine.classes.affine)


def _without_ribs(classes: LabelMap) -> LabelMap:
    return LabelMap(
        np.where(classes.data == TissueClass.RIB, 0, classes.data).astype(np.uint8), classes.affine
    )


def _row(classes: LabelMap):
    return locate(classes, SegmentationSettings()).row


def test_ribs_make_an_undecided_border_certain(six_lumbar):
    row = _row(six_lumbar)
    assert [str(level) for level in row.levels[-7:]] == ["T12", *(f"L{n}" for n in range(1, 7))]
    assert row.is_certain


def test_without_ribs_it_stays_uncertain(six_lumbar):
    assert not _row(_without_ribs(six_lumbar)).is_certain


def test_only_bodies_with_ribs_are_found_to_have_some(draw):
    classes = draw().classes
    volumes = rib_volumes_mm3(find_instances(classes), classes)
    assert [volume > 0 for volume in volumes] == [False] * 6 + [True] * 12 + [False] * 5
    # 6 x 10 x 6 mm are drawn on each side, in voxels of 3.3 x 1.2 x 1.7 mm.
    assert volumes[10] == pytest.approx(360, rel=0.4)


def test_ribs_speak_for_the_last_body_that_has_one_and_against_those_beside(draw):
    classes = draw().classes
    instances = find_instances(classes)
    heard = hear_ribs([UNDECIDED] * len(instances.bodies), instances, classes)
    # 0.6 x 0.9 against 0.4 x 0.1, and the reverse.
    assert heard[17].thoracic == pytest.approx(0.54 / 0.58)
    assert heard[5].thoracic == heard[18].thoracic == pytest.approx(0.06 / 0.42)
    assert [vote for at, vote in enumerate(heard) if at not in (5, 17, 18)] == [UNDECIDED] * 20


def test_what_looks_like_one_rib_is_no_witness(draw):
    classes = draw().classes
    only_one = classes.data.copy()
    rows = np.flatnonzero((classes.data == TissueClass.RIB).any(axis=(0, 1)))
    lowest = rows.min()
    only_one[:, :, lowest + 6 :][only_one[:, :, lowest + 6 :] == TissueClass.RIB] = 0
    classes = LabelMap(only_one, classes.affine)
    instances = find_instances(classes)
    votes = [UNDECIDED] * len(instances.bodies)
    assert hear_ribs(votes, instances, classes) == votes
