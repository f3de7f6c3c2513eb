"""nnU-Net's own predictor with its default settings, to be timed beside the service's path."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.training.segmentation_plans import CONFIGURATION, dataset_from_classes
from spine.imaging.volume import Volume
from spine.inference.models import SEGMENTATION_NAME
from spine.inference.weights import WEIGHTS_FILE, load_weights
from spine.networks.plain_conv_unet import network_from_plans

TILE_STEP = 0.5
MIRROR_AXES = (0, 1, 2)


def stock_prediction(volume: Volume, models: Path, threads: int = 1) -> NDArray[np.uint8]:
    """Segment a volume as ``nnUNetv2_predict`` does by default: half-window steps, eight mirrors.

    Preprocessing and the way back to the native grid are nnU-Net's too; only the
    normalization is applied before, since the plans leave it to the service.

    Parameters
    ----------
    volume : canonical orientation
    models : folder of all models

    Returns
    -------
    uint8, values of `TissueClass`, shape (i, j, k)
    """
    import torch  # noqa: PLC0415 - heavy
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # noqa: PLC0415 - heavy
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager  # noqa: PLC0415 - heavy

    folder = models / SEGMENTATION_NAME
    plans = json.loads((folder / "plans.json").read_text())
    network = network_from_plans(plans).eval()
    load_weights(network, (folder / WEIGHTS_FILE).read_bytes())
    torch.set_num_threads(threads)
    predictor = nnUNetPredictor(
        tile_step_size=TILE_STEP, use_mirroring=True, device=torch.device("cpu"), allow_tqdm=False
    )
    manager = PlansManager(plans)
    predictor.manual_initialization(
        network,
        manager,
        manager.get_configuration(CONFIGURATION),
        [network.state_dict()],
        dataset_from_classes(1),
        "nnUNetTrainer",
        MIRROR_AXES,
    )
    right, anterior, superior = volume.grid.spacing_mm
    normalized = (volume.data - volume.data.mean()) / (volume.data.std() or 1.0)
    # (right, anterior, superior) -> (right, superior, anterior)
    image = np.ascontiguousarray(normalized.transpose(0, 2, 1)[None])
    classes: NDArray[np.uint8] = predictor.predict_single_npy_array(
        image, {"spacing": [right, superior, anterior]}
    )
    # (right, superior, anterior) -> (right, anterior, superior)
    return np.ascontiguousarray(classes.transpose(0, 2, 1)).astype(np.uint8)
