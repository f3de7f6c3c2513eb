"""Every shipped mapping, on files in its data set's form, against the phantom's truth."""

import numpy as np
import pytest

from research.labeled.cases import read_labeled_cases
from research.labeled.label_sets import load_label_sets
from research.labeled.mapping_file import load_mapping, shipped_mappings
from spine.anatomy.labels import TissueClass, classes_from_labels
from spine.imaging.volume import LabelMap, Volume
from tests.research.labeled import written

BARE = {
    TissueClass.BACKGROUND: "background",
    TissueClass.CERVICAL: "thoracic",
    TissueClass.THORACIC: "thoracic",
    TissueClass.LUMBAR: "lumbar",
    TissueClass.SACRUM: "background",
    TissueClass.DISC: "disc",
    TissueClass.RIB: "background",
    TissueClass.CSF: "canal",
    TissueClass.CORD: "canal",
}
FULL = {tissue: tissue.name.lower() for tissue in TissueClass}
OTHERS = {**FULL, TissueClass.RIB: "background", TissueClass.CSF: "canal"}
NIFTI = {
    "spider-merged": (written.merged_labels, BARE),
    "totalspineseg": (written.totalspineseg_labels, OTHERS),
    "spineps": (written.spineps_labels, OTHERS),
    "spinemap": (np.copy, FULL),
}


def expected_sets(labels, mapping, set_names):
    """Name each truth class's set by hand and look its index up."""
    lookup = [mapping.class_sets.names.index(set_names[tissue]) for tissue in TissueClass]
    return np.array(lookup, dtype=np.uint8)[classes_from_labels(labels.data)]


def test_every_shipped_mapping_is_tried():
    assert set(shipped_mappings()) == {"spider", *NIFTI}


def test_the_whole_spine_holds_every_class(whole):
    assert set(np.unique(classes_from_labels(whole.labels.data))) == set(TissueClass)


@pytest.mark.parametrize("name", NIFTI)
@pytest.mark.parametrize("view", ["whole", "lumbar"])
def test_nifti_data_sets_agree_with_the_truth_voxel_for_voxel(name, view, tmp_path, request):
    rendering = request.getfixturevalue(view)
    mapping = load_mapping(name)
    convert, set_names = NIFTI[name]
    labels = LabelMap(convert(rendering.labels.data), rendering.labels.affine)
    image, mask = (
        tmp_path / pattern.format(case="site-1")
        for pattern in (mapping.files.images, mapping.files.labels)
    )
    # Stored along different axes: only the world says which voxel is which.
    written.write_nifti(rendering.volume, image, "LPI")
    written.write_nifti(labels, mask, "ASR")

    (case,) = read_labeled_cases(tmp_path, mapping)
    volume, sets = load_label_sets(case, mapping)

    assert_same_place(volume, rendering.volume)
    np.testing.assert_allclose(volume.data, rendering.volume.data, atol=1e-3)
    expected = expected_sets(rendering.labels, mapping, set_names)
    if mapping.counting is None:
        np.testing.assert_array_equal(sets.data, expected, strict=True)
    else:
        assert_regions(sets.data, expected, mapping)
    if view == "whole":
        assert set(np.unique(sets.data)) == set(range(len(mapping.class_sets.names)))


def test_spider_agrees_with_the_truth_voxel_for_voxel(spider, lumbar):
    mapping = load_mapping("spider")

    for case in read_labeled_cases(spider, mapping):
        volume, sets = load_label_sets(case, mapping)

        assert_same_place(volume, lumbar.volume)
        np.testing.assert_array_equal(volume.data, np.rint(lumbar.volume.data), strict=True)
        np.testing.assert_array_equal(
            sets.data, expected_sets(lumbar.labels, mapping, BARE), strict=True
        )
        assert set(np.unique(sets.data)) == {0, 1, 2, 3, 4}


def assert_regions(found, expected, mapping) -> None:
    """Counted from a mask without instances: exact, but for posterior elements that touch."""
    regions = [mapping.counting.vertebra, mapping.counting.above]
    vertebrae = np.isin(expected, regions)
    np.testing.assert_array_equal(np.isin(found, regions), vertebrae, strict=True)
    np.testing.assert_array_equal(found[~vertebrae], expected[~vertebrae], strict=True)
    assert (found == expected)[vertebrae].mean() > 0.97


def assert_same_place(found: Volume, truth: Volume) -> None:
    assert found.data.shape == truth.data.shape
    corner = np.array(truth.data.shape) - 1.0
    for index in (np.zeros(3), corner, corner * [1, 0, 0]):
        np.testing.assert_allclose(
            found.grid.world_from_index(index), truth.grid.world_from_index(index), atol=0.01
        )
