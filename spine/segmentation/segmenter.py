"""Segment the spine: one forward pass, then instances, levels, measures, quality."""

from dataclasses import dataclass

import numpy as np

from spine.dicom.study import Selection
from spine.errors import Code, Refusal, SegmentationError
from spine.findings import Segmentation
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import Model
from spine.preprocessing.segmentation import (
    SegmentationSpec,
    classes_from_scores,
    window_from_volume,
)
from spine.segmentation.geometry import measure
from spine.segmentation.instances import find_instances
from spine.segmentation.islands import without_islands
from spine.segmentation.labeling import label_map, name_row
from spine.segmentation.quality import assess


@dataclass(frozen=True, slots=True)
class SegmentationSettings:
    """What counts as a spine.

    Attributes
    ----------
    minimum_vertebrae : fewer make the study no candidate (an undeclared knee)
    """

    minimum_vertebrae: int = 3


def segment(
    selection: Selection, model: Model[SegmentationSpec], settings: SegmentationSettings
) -> Segmentation | Refusal:
    """Segment the selected series and name and measure its levels.

    Returns
    -------
    Segmentation, or Refusal of the subject "study"
        The selection's own refusal is passed on; with too few vertebrae nothing is sent.

    Raises
    ------
    SegmentationError
        If the selection holds neither a volume nor a refusal, or the network fails.
    """
    if selection.refusal is not None:
        return Refusal(selection.refusal.code, selection.refusal.reason, "study")
    if selection.volume is None:
        raise SegmentationError(Code.SEGMENTATION_FAILED, "the selected series was not decoded")
    classes = predict_classes(selection.volume, model)
    return interpret(selection.volume, classes, model, settings)


def predict_classes(volume: Volume, model: Model[SegmentationSpec]) -> LabelMap:
    """Run the network once over the whole field of view.

    Parameters
    ----------
    volume : canonical orientation

    Returns
    -------
    LabelMap of `TissueClass` values on the volume's grid

    Raises
    ------
    SegmentationError
        ``NOT_FINITE``: scores that are no numbers look like background, and the study then
        like one without a spine.
    """
    window = window_from_volume(volume, model.spec)
    scores = model.network(window[None])[0]
    if not np.isfinite(scores).all():
        raise SegmentationError(Code.NOT_FINITE, "the network returned no finite scores")
    return LabelMap(classes_from_scores(scores, model.spec, volume.grid), volume.affine)


def interpret(
    volume: Volume,
    classes: LabelMap,
    model: Model[SegmentationSpec],
    settings: SegmentationSettings,
) -> Segmentation | Refusal:
    """Turn tissue classes into named and measured levels."""
    classes = without_islands(classes)
    instances = find_instances(classes)
    found = len(instances.bodies)
    if found < settings.minimum_vertebrae:
        few = f"{found} vertebra{'' if found == 1 else 'e'} found"
        reason = f"{few}, {settings.minimum_vertebrae} needed."
        return Refusal(Code.TOO_FEW_VERTEBRAE, reason, "study")
    row = name_row(instances, classes)
    if row is None:
        reason = f"{found} vertebrae found or missed are more than any spine has."
        return Refusal(Code.SEGMENTATION_FAILED, reason, "study")
    labels = label_map(instances, row, classes)
    return Segmentation(
        volume=volume,
        labels=labels,
        geometry=measure(labels, instances.guide),
        quality=assess(row, labels),
        model=model.reference,
    )
