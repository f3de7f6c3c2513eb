"""NIfTI files round trip."""

import numpy as np
import pytest

from spine.imaging import nifti
from spine.imaging.volume import LabelMap, Volume


def test_a_volume_round_trips(oblique, tmp_path):
    nifti.write(oblique, tmp_path / "volume.nii.gz")
    read = nifti.read_volume(tmp_path / "volume.nii.gz")
    np.testing.assert_array_equal(read.data, oblique.data)
    np.testing.assert_allclose(read.affine, oblique.affine, atol=1e-4)


def test_labels_round_trip(oblique, tmp_path):
    labels = LabelMap((oblique.data * 45).astype(np.uint8), oblique.affine)
    nifti.write(labels, tmp_path / "labels.nii")
    np.testing.assert_array_equal(nifti.read_labels(tmp_path / "labels.nii").data, labels.data)


def test_labels_beyond_a_byte_are_refused(oblique, tmp_path):
    nifti.write(Volume(oblique.data * 300, oblique.affine), tmp_path / "labels.nii")
    with pytest.raises(ValueError, match="0 to 255"):
        nifti.read_labels(tmp_path / "labels.nii")
