"""The shipped segmentation model, served our way and by nnU-Net's default predictor."""

from pathlib import Path

from bench.networks import ratio
from bench.timing import side_by_side
from research.measurements import Data, Measurement
from research.training.segmentation_stock import stock_prediction
from spine.imaging.volume import Volume
from spine.inference.models import Model
from spine.preprocessing.segmentation import SegmentationSpec
from spine.segmentation.segmenter import predict_classes


def bench_segmentation(
    volume: Volume, model: Model[SegmentationSpec], models: Path, threads: int
) -> list[Measurement]:
    """Time the classes of one whole spine, native grid to native grid, with the same weights.

    nnU-Net's defaults are steps of half a patch and eight mirrored passes; ours is one pass.
    """

    def ours() -> object:
        return predict_classes(volume, model)

    def stock() -> object:
        return stock_prediction(volume, models, threads)

    alike = (predict_classes(volume, model).data == stock_prediction(volume, models)).mean()
    name = "segmentation, whole spine"
    return [
        *ratio(name, *side_by_side(ours, stock, 2), "nnU-Net's predictor", target=10.0),
        Measurement(f"{name}: voxels alike", 100 * float(alike), "%", Data.SYNTHETIC, 1),
    ]
