import numpy as np
import pytest

from research.labeled.class_sets import ClassSets
from research.labeled.errors import Fault, LabeledDataError
from spine.anatomy.labels import TissueClass

BONE = frozenset({TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR})
CANAL = frozenset({TissueClass.CSF, TissueClass.CORD})
REST = frozenset(TissueClass) - BONE - CANAL


def test_membership_parts_the_classes_among_the_sets():
    table = ClassSets(("background", "vertebra", "canal"), (REST, BONE, CANAL))

    # background, cervical, thoracic, lumbar, sacrum, disc, rib, csf, cord
    np.testing.assert_array_equal(
        table.membership.astype(int),
        [[1, 0, 0, 0, 1, 1, 1, 0, 0], [0, 1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1, 1]],
    )


def test_probabilities_summed_within_sets_sum_to_one():
    table = ClassSets(("background", "vertebra", "canal"), (REST, BONE, CANAL))
    probabilities = np.random.default_rng(0).dirichlet(np.ones(len(TissueClass)), 50)

    assert (probabilities @ table.membership.T).sum(axis=1) == pytest.approx(np.ones(50))


def test_overlapping_sets_are_refused_by_name():
    with pytest.raises(LabeledDataError, match=r"cord is in more than one set: rest, canal") as e:
        ClassSets(("rest", "vertebra", "canal"), (REST | {TissueClass.CORD}, BONE, CANAL))
    assert e.value.fault is Fault.MAPPING_INVALID


def test_classes_in_no_set_are_refused_by_name():
    with pytest.raises(LabeledDataError, match=r"no set holds: sacrum, rib;"):
        ClassSets(
            ("rest", "vertebra", "canal"),
            (REST - {TissueClass.RIB, TissueClass.SACRUM}, BONE, CANAL),
        )
