import numpy as np
import pytest

from research.labeled.cases import read_labeled_cases
from research.labeled.errors import Fault, LabeledDataError
from research.labeled.label_sets import label_sets_from_source, require_known_labels
from research.labeled.mapping_file import load_mapping
from spine.imaging import nifti
from spine.imaging.volume import LabelMap

SPIDER = load_mapping("spider")
MERGED = load_mapping("spider-merged")


def label_map(*values):
    return LabelMap(np.array(values, dtype=np.uint8).reshape(1, 1, -1), np.diag([3.0, 2, 1, 1]))


def test_source_labels_become_indices_of_their_sets():
    found = label_sets_from_source(label_map(0, 1, 25, 101, 125, 100, 201, 225), SPIDER)

    assert found.data.ravel().tolist() == [0, 1, 2, 1, 2, 4, 3, 3]
    assert found.affine.tolist() == np.diag([3.0, 2, 1, 1]).tolist()


def test_unknown_values_are_named_with_their_file():
    with pytest.raises(LabeledDataError, match=r"spider does not name: 7\.mha: 26, 200") as e:
        label_sets_from_source(label_map(0, 1, 200, 26), SPIDER, "7.mha")
    assert e.value.fault is Fault.LABEL_UNKNOWN


def test_every_mask_is_looked_through_before_anything_starts(merged):
    cases = read_labeled_cases(merged, MERGED)
    require_known_labels(cases, MERGED)
    for case, value in zip(cases, (7, 9), strict=True):
        labels = nifti.read_labels(case.labels)
        labels.data[0, 0, 0] = value
        nifti.write(labels, case.labels)

    with pytest.raises(LabeledDataError) as error:
        require_known_labels(cases, MERGED)

    assert "3_labels.nii.gz: 7; 41_labels.nii.gz: 9" in error.value.reason
