import numpy as np
import pytest

from research.validation.segmentation.scores import Case
from spine.anatomy.geometry import SpineGeometry
from spine.anatomy.labels import CORD, CSF, DISC_LABELS, VERTEBRA_LABELS, classes_from_labels
from spine.anatomy.levels import DiscLevel, Level
from spine.findings import Evidence, ModelReference, Quality, Segmentation
from spine.imaging.volume import LabelMap, Volume

AFFINE = np.diag([3.0, 1.0, 1.5, 1.0])
REFERENCE = ModelReference("spine-segmentation", "0.0.0", "0" * 64, Evidence.SYNTHETIC)


@pytest.fixture
def lumbar():
    """Labels of L4, L4/5, L5, L5/S1 and the canal behind them, 10 x 40 x 60 voxels."""
    data = np.zeros((10, 40, 60), dtype=np.uint8)
    data[2:8, 20:36, 6:10] = DISC_LABELS[DiscLevel.L5_S1]
    data[2:8, 20:36, 10:30] = VERTEBRA_LABELS[Level.L5]
    data[2:8, 20:36, 30:34] = DISC_LABELS[DiscLevel.L4_L5]
    data[2:8, 20:36, 34:54] = VERTEBRA_LABELS[Level.L4]
    data[3:7, 10:16, 2:58] = CSF
    data[4:6, 12:14, 30:58] = CORD
    return LabelMap(data, AFFINE)


@pytest.fixture
def merged(lumbar):
    """The same in SPIDER's merged labels."""
    classes = classes_from_labels(lumbar.data)
    data = np.select([np.isin(classes, (1, 2, 3)), classes == 5, classes >= 7], [1, 2, 3], 0)
    return LabelMap(data.astype(np.uint8), AFFINE)


@pytest.fixture
def case(lumbar, merged):
    """Make a case whose result is what is given, by default all right."""

    def of(labels=lumbar, *, certain=True, name="a"):
        volume = Volume(np.zeros(lumbar.data.shape, dtype=np.float32), AFFINE)
        classes = LabelMap(classes_from_labels(labels.data), AFFINE)
        found = Segmentation(
            volume, labels, SpineGeometry((), (), float("nan")), Quality(2, certain), REFERENCE
        )
        return Case(name, volume, merged, classes, found)

    return of
