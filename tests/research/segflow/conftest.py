"""Rendered lumbar phantoms for the label-free route."""

from dataclasses import replace

import numpy as np
import pytest

from phantom.protocols import LUMBAR_T2_SPACE, coarser
from phantom.rendering import Rendering, render
from phantom.subjects import subject
from spine.imaging import nifti


@pytest.fixture(scope="session")
def phantom() -> Rendering:
    protocol = replace(coarser(LUMBAR_T2_SPACE, 0.94), slices=20)
    return render(subject(11), protocol, np.random.default_rng(11), sub_slices=1)


@pytest.fixture
def phantom_folder(phantom, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    nifti.write(phantom.volume, folder / "a_image.nii.gz")
    return folder
