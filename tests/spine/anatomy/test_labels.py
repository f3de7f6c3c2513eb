"""The label table of docs/architecture.md, value by value where others depend on it."""

import numpy as np
import pytest

from spine.anatomy import labels
from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS, TissueClass
from spine.anatomy.levels import DiscLevel, Level


@pytest.mark.parametrize(
    ("level", "value"),
    [
        ("C1", 11),
        ("C7", 17),
        ("T1", 21),
        ("T12", 32),
        ("T13", 33),
        ("L1", 41),
        ("L5", 45),
        ("L6", 46),
        ("L7", 47),
        ("S1", 50),
    ],
)
def test_vertebrae_carry_the_numbers_of_totalspineseg_and_ours(level, value):
    assert VERTEBRA_LABELS[Level(level)] == value


@pytest.mark.parametrize(
    ("disc", "value"),
    [
        ("C2/C3", 63),
        ("C6/C7", 67),
        ("C7/T1", 71),
        ("T1/T2", 72),
        ("T11/T12", 82),
        ("T12/T13", 83),
        ("T13/L1", 84),
        ("T12/L1", 91),
        ("L1/L2", 92),
        ("L4/L5", 95),
        ("L5/L6", 96),
        ("L6/L7", 97),
        ("L6/S1", 98),
        ("L7/S1", 99),
        ("L5/S1", 100),
    ],
)
def test_discs_carry_the_numbers_of_totalspineseg_and_ours(disc, value):
    assert DISC_LABELS[DiscLevel(disc)] == value


def test_every_disc_has_a_number_of_its_own():
    values = [*VERTEBRA_LABELS.values(), *DISC_LABELS.values(), labels.CORD, labels.CSF]
    values += [labels.RIB_LEFT, labels.RIB_RIGHT]
    assert len(set(values)) == len(values)
    assert set(DISC_LABELS) == set(DiscLevel)


def test_classes_are_p1s_eight_in_the_networks_order():
    assert [tissue.value for tissue in TissueClass] == list(range(9))
    instances = np.array([0, 11, 33, 46, 50, 100, 111, 112, 2, 1], dtype=np.uint8)
    expected = [
        TissueClass.BACKGROUND,
        TissueClass.CERVICAL,
        TissueClass.THORACIC,
        TissueClass.LUMBAR,
        TissueClass.SACRUM,
        TissueClass.DISC,
        TissueClass.RIB,
        TissueClass.RIB,
        TissueClass.CSF,
        TissueClass.CORD,
    ]
    assert labels.classes_from_labels(instances).tolist() == expected


def test_a_value_outside_the_table_is_refused():
    with pytest.raises(ValueError, match="200"):
        labels.classes_from_labels(np.array([200], dtype=np.uint8))


def test_the_fine_nets_regions_are_one_class_and_the_others_keep_their_names():
    fine = labels.fine_from_tissue(np.array(TissueClass, dtype=np.uint8))
    assert [labels.FineClass(int(value)).name for value in fine] == [
        *("BACKGROUND", "VERTEBRA", "VERTEBRA", "VERTEBRA"),
        *("SACRUM", "DISC", "RIB", "CSF", "CORD"),
    ]
