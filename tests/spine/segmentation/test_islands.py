import numpy as np

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap
from spine.segmentation.islands import without_islands

AFFINE = np.diag([3.0, 1.0, 1.5, 1.0])


def _classes(*parts):
    data = np.zeros((10, 120, 100), np.uint8)
    for where, value in parts:
        data[where] = value
    return LabelMap(data, AFFINE)


COLUMN = (np.s_[2:8, 30:60, :], TissueClass.LUMBAR)
PROCESS = (np.s_[4:6, 18:24, 40:50], TissueClass.LUMBAR)
BOWEL = (np.s_[3:7, 95:115, 20:60], TissueClass.LUMBAR)
RIB = (np.s_[8:10, 100:108, 70:80], TissueClass.RIB)


def test_parts_far_from_the_column_are_cleared():
    cleared = without_islands(_classes(COLUMN, BOWEL)).data
    assert (cleared[BOWEL[0]] == 0).all()
    assert (cleared[COLUMN[0]] == TissueClass.LUMBAR).all()


def test_near_parts_and_ribs_stay():
    classes = _classes(COLUMN, PROCESS, RIB)
    assert np.array_equal(without_islands(classes).data, classes.data)


def test_nothing_found_stays_nothing():
    assert not without_islands(_classes()).data.any()
