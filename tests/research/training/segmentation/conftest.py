import numpy as np
import pytest

from phantom.protocols import LUMBAR_T2, coarser
from phantom.rendering import render
from phantom.subjects import subject
from research.cohort import SubjectRecord, write_subject
from research.training.segmentation.config import CohortSource, LabeledSource, TrainingConfig
from spine.anatomy.labels import TissueClass, classes_from_labels
from spine.imaging import nifti
from spine.imaging.volume import LabelMap

# What SPIDER's merged form calls a class; sacrum and ribs are background there.
_MERGED = {
    TissueClass.THORACIC: 1,
    TissueClass.LUMBAR: 1,
    TissueClass.DISC: 2,
    TissueClass.CSF: 3,
    TissueClass.CORD: 3,
}


def _rendered(seed):
    rng = np.random.default_rng(seed)
    return render(subject(seed), coarser(LUMBAR_T2, 2.5), rng, sub_slices=1)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """A cohort of three lumbar views, labeled whole."""
    folder = tmp_path_factory.mktemp("rendered")
    for seed in (1, 2, 3):
        rendering = _rendered(seed)
        record = SubjectRecord(f"{seed:06d}_lumbar", 50.0, "F", {})
        write_subject(folder, record, rendering.volume, rendering.labels)
    return folder


@pytest.fixture(scope="session")
def merged(tmp_path_factory):
    """Three lumbar views in the merged form of SPIDER, labeled in part."""
    folder = tmp_path_factory.mktemp("merged")
    for seed in (4, 5, 6):
        rendering = _rendered(seed)
        classes = classes_from_labels(rendering.labels.data)
        labels = np.zeros_like(classes)
        for tissue, value in _MERGED.items():
            labels[classes == tissue] = value
        nifti.write(rendering.volume, folder / f"{seed}_image.nii.gz")
        nifti.write(LabelMap(labels, rendering.labels.affine), folder / f"{seed}_labels.nii.gz")
    return folder


@pytest.fixture(scope="session")
def config(rendered, merged):
    """The shortest training on both."""

    def of(net, **changes):
        both = (
            CohortSource(cohort=rendered, share=0.5),
            LabeledSource(labeled=merged, mapping="spider-merged", share=0.5),
        )
        shortest = {"epochs": 1, "iterations": 1, "validation_iterations": 1, "compiled": False}
        shortest |= {"sources": both, "folds": 3, "batch_size": 2 if net == "fine" else 1}
        return TrainingConfig(net=net, **(shortest | changes))

    return of
