import numpy as np

from spine.anatomy.labels import FineClass, TissueClass
from spine.imaging.volume import LabelMap
from spine.preprocessing.segmentation import WindowSpec, window_from_classes
from spine.segmentation.islands import without_islands, without_strays

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


COARSE = WindowSpec((3.0, 1.8, 1.8), (16, 192, 400))


def _fine(*parts):
    return np.where(_classes(*parts).data > 0, FineClass.VERTEBRA, 0).astype(np.uint8)


def _seen(*parts):
    """What a coarse net with no error says."""
    classes = _classes(*parts)
    window = window_from_classes(classes, COARSE).transpose(0, 2, 1).copy()
    return LabelMap(window, COARSE.grid(classes.grid).affine)


def test_a_vertebra_where_the_coarse_net_sees_none_is_cleared():
    found = without_strays(_fine(COLUMN, BOWEL), _classes().grid, _seen(COLUMN))
    assert np.array_equal(found, _fine(COLUMN))


def test_what_is_connected_to_the_column_or_near_it_stays():
    above = (np.s_[2:8, 30:60, 90:], TissueClass.LUMBAR)
    below = (np.s_[2:8, 30:60, :90], TissueClass.LUMBAR)
    fine = _fine(above, below, PROCESS)
    assert without_strays(fine, _classes().grid, _seen(below)) is fine


def test_canal_and_sacrum_are_not_judged():
    fine = np.where(_fine(COLUMN, BOWEL) > 0, FineClass.SACRUM, 0).astype(np.uint8)
    assert without_strays(fine, _classes().grid, _seen()) is fine
