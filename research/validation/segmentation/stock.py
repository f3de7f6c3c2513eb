"""nnU-Net's own predictor with its default settings, to be set beside the service's path."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import FineClass, TissueClass
from spine.imaging.volume import Volume
from spine.inference.models import SEGMENTATION_NAME
from spine.inference.weights import COARSE_FILE, FINE_FILE, WEIGHTS_FILE, load_weights
from spine.networks.plain_conv_unet import (
    COARSE_CONFIGURATION,
    FINE_CONFIGURATION,
    network_from_plans,
)
from spine.preprocessing.fine import FineSpec, with_neighbors

TILE_STEP = 0.5
MIRROR_AXES = (0, 1, 2)


def stock_prediction(volume: Volume, models: Path, threads: int = 1) -> NDArray[np.uint8]:
    """Segment a volume as ``nnUNetv2_predict`` does by default: half-window steps, all mirrors.

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
    folder = models / SEGMENTATION_NAME
    plans = json.loads((folder / "plans.json").read_text())
    right, anterior, superior = volume.grid.spacing_mm
    normalized = (volume.data - volume.data.mean()) / (volume.data.std() or 1.0)
    # (right, anterior, superior) -> (right, superior, anterior)
    stack = np.ascontiguousarray(normalized.transpose(0, 2, 1))
    spacing = [right, superior, anterior]
    is_alone = FINE_CONFIGURATION not in plans["configurations"]
    weights = folder / (WEIGHTS_FILE if is_alone else COARSE_FILE)
    coarse = _Stock(plans, COARSE_CONFIGURATION, weights, threads)
    classes = coarse.predict(stack[None], spacing)
    if not is_alone:
        fine = _Stock(plans, FINE_CONFIGURATION, folder / FINE_FILE, threads)
        image = with_neighbors(stack, right, FineSpec()).swapaxes(0, 1)
        classes = _with_regions(fine.predict(np.ascontiguousarray(image), spacing), classes)
    # (right, superior, anterior) -> (right, anterior, superior)
    return np.ascontiguousarray(classes.transpose(0, 2, 1)).astype(np.uint8)


class _Stock:
    """nnU-Net's predictor for one configuration."""

    def __init__(
        self, plans: Mapping[str, Any], configuration: str, weights: Path, threads: int
    ) -> None:
        import torch  # noqa: PLC0415 - heavy
        from nnunetv2.inference.predict_from_raw_data import (  # noqa: PLC0415 - heavy
            nnUNetPredictor,
        )
        from nnunetv2.utilities.plans_handling.plans_handler import (  # noqa: PLC0415 - heavy
            PlansManager,
        )

        network = network_from_plans(plans, configuration).eval()
        load_weights(network, weights.read_bytes())
        torch.set_num_threads(threads)
        self._predictor = nnUNetPredictor(
            tile_step_size=TILE_STEP,
            use_mirroring=True,
            device=torch.device("cpu"),
            allow_tqdm=False,
        )
        manager = PlansManager(dict(plans))
        chosen = manager.get_configuration(configuration)
        self._predictor.manual_initialization(
            network,
            manager,
            chosen,
            [network.state_dict()],
            _dataset(configuration),
            "nnUNetTrainer",
            MIRROR_AXES[: len(chosen.patch_size)],
        )

    def predict(self, image: NDArray[np.float32], spacing: list[float]) -> NDArray[np.uint8]:
        """Segment (channels, right, superior, anterior) on its own grid."""
        found: NDArray[np.uint8] = self._predictor.predict_single_npy_array(
            image, {"spacing": spacing}
        )
        return found


def _dataset(configuration: str) -> dict[str, Any]:
    classes, channels = (
        (TissueClass, 1) if configuration == COARSE_CONFIGURATION else (FineClass, 3)
    )
    return {
        "channel_names": {str(number): "T2" for number in range(channels)},
        "labels": {one.name.lower(): int(one) for one in classes},
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }


def _with_regions(fine: NDArray[np.uint8], coarse: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give each vertebra voxel the region of the nearest one that the coarse net found."""
    regions = [TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR]
    known = np.isin(coarse, regions)
    table = np.array([TissueClass[one.name] if one.name in TissueClass.__members__ else 0
                      for one in FineClass], dtype=np.uint8)  # fmt: skip
    classes = table[fine]
    vertebra = fine == FineClass.VERTEBRA
    if known.any() and vertebra.any():
        nearest = ndimage.distance_transform_edt(
            ~known, return_distances=False, return_indices=True
        )
        classes[vertebra] = coarse[tuple(axis[vertebra] for axis in nearest)]
    return classes
