import numpy as np
import pytest

from research.segflow.canal import find_canal
from research.segflow.images import work_image
from research.segflow.prediction import by_votes
from spine.anatomy.labels import TissueClass, classes_from_labels
from spine.errors import Code, SegmentationError
from spine.imaging.orientation import canonical
from spine.imaging.volume import Volume

LUMBAR_BODIES = range(41, 46)


@pytest.mark.slow
def test_path_runs_in_the_canal_of_a_phantom(phantom):
    volume, labels = canonical(phantom.volume), canonical(phantom.labels)
    image = work_image(volume)

    path = find_canal(image)

    world = image.grid.world_from_index(path.points)
    index = np.rint(labels.grid.index_from_world(world)).astype(int)
    index = np.clip(index, 0, np.array(labels.data.shape) - 1)
    classes = classes_from_labels(labels.data)[tuple(index.T)]
    inside = np.isin(classes, (TissueClass.CSF, TissueClass.CORD))
    # The part above the sacrum, where labels of the canal reach.
    assert inside[: len(inside) // 2].mean() > 0.9


@pytest.mark.slow
def test_rules_find_the_lumbar_vertebrae_of_a_phantom(phantom):
    volume, labels = canonical(phantom.volume), canonical(phantom.labels)

    found = by_votes(work_image(volume))

    # Bodies only: the rules leave posterior elements to the network.
    shares = [found[labels.data == value].mean() for value in LUMBAR_BODIES]
    assert min(shares) > 0.35
    classes = classes_from_labels(labels.data)
    vertebrae = np.isin(classes, (TissueClass.LUMBAR, TissueClass.THORACIC))
    assert vertebrae[found].mean() > 0.9


def test_volume_without_a_bright_canal_is_refused():
    rng = np.random.default_rng(3)
    noise = rng.normal(100, 5, (6, 200, 260)).astype(np.float32)

    with pytest.raises(SegmentationError) as error:
        find_canal(work_image(Volume(noise, np.diag([4.0, 1.0, 1.0, 1.0]))))

    assert error.value.code == Code.SEGMENTATION_FAILED
