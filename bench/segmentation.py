"""The shipped segmentation model, served our way and by nnU-Net's default predictor."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
from numpy.typing import NDArray

from bench.networks import ratio
from bench.timing import side_by_side
from research.measurements import Data, Measurement
from research.training.segmentation_plans import CONFIGURATION, dataset_from_classes
from spine.imaging.volume import Volume
from spine.inference.models import SEGMENTATION_NAME, Model
from spine.inference.weights import WEIGHTS_FILE, load_weights
from spine.networks.plain_conv_unet import network_from_plans
from spine.preprocessing.segmentation import SegmentationSpec, window_from_volume


def bench_segmentation(
    volume: Volume, model: Model[SegmentationSpec], models: Path
) -> list[Measurement]:
    """Time one prediction of a whole spine, from the same window, with the same weights.

    nnU-Net's defaults are steps of half a patch and all eight mirrored passes; ours is one pass.
    """
    window = window_from_volume(volume, model.spec)
    stock = _stock(models / SEGMENTATION_NAME, window)
    agreement = float((model.network(window[None])[0].argmax(0) == stock().argmax(0)).mean())
    cost, stock_cost = side_by_side(lambda: model.network(window[None]), stock, repetitions=2)
    return [
        *ratio("segmentation, whole spine", cost, stock_cost, "nnU-Net's predictor", target=10.0),
        Measurement(
            "segmentation: voxels alike with nnU-Net's predictor",
            100 * agreement,
            "%",
            Data.SYNTHETIC,
            1,
        ),
    ]


def _stock(folder: Path, window: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
    plans = json.loads((folder / "plans.json").read_text())
    network = network_from_plans(plans).eval()
    load_weights(network, (folder / WEIGHTS_FILE).read_bytes())
    manager = PlansManager(plans)
    predictor = nnUNetPredictor(
        device=torch.device("cpu"), perform_everything_on_device=False, allow_tqdm=False
    )
    predictor.manual_initialization(
        network,
        manager,
        manager.get_configuration(CONFIGURATION),
        [network.state_dict()],
        dataset_from_classes(1),
        "nnUNetTrainer",
        (0, 1, 2),
    )

    def predict() -> NDArray[np.float32]:
        logits = predictor.predict_logits_from_preprocessed_data(torch.from_numpy(window))
        scores: NDArray[np.float32] = logits.float().numpy()
        return scores

    return predict
