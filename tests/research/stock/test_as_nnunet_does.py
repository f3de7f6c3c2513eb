"""The exported net beside nnU-Net's own predictor, on folders that nnU-Net trained."""

import numpy as np
import pytest

from research.labeled.mapping_file import load_mapping
from research.stock.export import export_stock
from research.stock.folders import read_stock_folder
from research.validation.segmentation.models import read_unapproved
from spine.errors import Refusal
from spine.findings import Segmentation
from spine.imaging.volume import Volume
from spine.preprocessing.stock import StockSpec
from spine.preprocessing.stock_arrays import stock_input, values_from_scores
from spine.segmentation.segmenter import SegmentationSettings, interpret, predict
from spine.segmentation.sliding import sliding_scores
from tests.research.stock.training import odd_discs, rendered

pytestmark = pytest.mark.slow

ALIKE = 0.999
# As trained, and one that is resampled both ways, its thick slices apart.
SPACINGS = [(6.0, 2.5, 2.5), (4.2, 3.1, 1.9)]


def view(spacing_mm):
    """Return an image that was not trained on, its odd discs, and a border of zeros."""
    case = rendered(3)
    part = np.s_[1:10, 40:86, 30:88]
    image = np.stack([case.volume.data, odd_discs(case.labels.data)])[:, *part]
    image = image.astype(np.float32)
    image[:, :, -4:] = 0
    return image, spacing_mm


def predicted_by_nnunet(folder, fold, image, spacing_mm):
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), (fold,))
    # nnU-Net reads (right, anterior, superior) as (superior, anterior, right).
    array = np.ascontiguousarray(image.transpose(0, 3, 2, 1))
    found = predictor.predict_single_npy_array(array, {"spacing": list(spacing_mm[::-1])})
    return found.transpose(2, 1, 0)


def exported(folders, mapping, models, fold="0"):
    found = [read_stock_folder(folder, fold) for folder in folders]
    export_stock(found, load_mapping(mapping), models, "1.0.0")
    return read_unapproved(models)


def values(image, spacing_mm, network, step):
    source = stock_input(image, spacing_mm, step)
    return values_from_scores(sliding_scores(source.data, network, step), source, step)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
@pytest.mark.parametrize(("name", "mapping", "fold"), [("merged", "spider-merged", "all")])
def test_a_net_of_classes_finds_what_nnunet_finds(
    trained, name, mapping, fold, spacing_mm, tmp_path
):
    model = exported([trained[name]], mapping, tmp_path, fold)
    image, spacing = view(spacing_mm)
    ours = values(image[:1], spacing, model.network, model.spec.first)
    nnunet = predicted_by_nnunet(trained[name], fold, image[:1], spacing)
    assert len(np.unique(nnunet)) > 1
    assert (ours == nnunet).mean() >= ALIKE


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_both_steps_find_what_nnunet_finds(trained, spacing_mm, tmp_path):
    folders = [trained["step 1"], trained["step 2"]]
    model = exported(folders, "totalspineseg", tmp_path)
    image, spacing = view(spacing_mm)
    for channels, network, step, folder in (
        (1, model.network, model.spec.first, folders[0]),
        (2, model.second, model.spec.second, folders[1]),
    ):
        ours = values(image[:channels], spacing, network, step)
        nnunet = predicted_by_nnunet(folder, 0, image[:channels], spacing)
        assert len(np.unique(nnunet)) > 1
        assert (ours == nnunet).mean() >= ALIKE


def test_the_service_runs_two_exported_steps_to_the_end(trained, tmp_path):
    model = exported([trained["step 1"], trained["step 2"]], "totalspineseg", tmp_path)
    assert isinstance(model.spec, StockSpec)
    case = rendered(3)
    part = np.ascontiguousarray(case.volume.data[2:9, 40:86, 30:88])
    volume = Volume(part, case.volume.affine)
    prediction = predict(volume, model, SegmentationSettings())
    assert prediction.classes.grid.matches(volume.grid)
    found = interpret(volume, prediction, model, SegmentationSettings())
    # One epoch on two phantoms teaches little: too few vertebrae is an answer too.
    assert isinstance(found, Segmentation | Refusal)
