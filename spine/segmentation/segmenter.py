"""Segment the spine: a coarse pass, a fine one, then instances, levels, measures, quality."""

from dataclasses import dataclass, field, replace

from spine.anatomy.labels import VERTEBRA_LABELS
from spine.dicom.study import Selection
from spine.errors import Code, Refusal, SegmentationError
from spine.findings import STUDY, Segmentation
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import SegmentationModel
from spine.preprocessing.segmentation import classes_from_scores
from spine.preprocessing.stock import StockSpec
from spine.segmentation.agreement import Passes, disagreement, vertebra_share
from spine.segmentation.coarse import coarse_pass
from spine.segmentation.fine import FineNet, fine_pass, with_regions
from spine.segmentation.geometry import measure
from spine.segmentation.head_end import without_head
from spine.segmentation.instances import Instances, find_instances
from spine.segmentation.islands import without_islands
from spine.segmentation.labeling import Row, label_map, name_row
from spine.segmentation.landmarks import contradicts
from spine.segmentation.limits import QualitySettings
from spine.segmentation.quality import Background, assess
from spine.segmentation.stock import stock_pass

# Of the lowest vertebra of nine real patients the coarse net calls 0.34 or more a vertebra, and
# 0.10 of an S1 that the fine net took for L5.
LEAST_VERTEBRA_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class SegmentationSettings:
    """What counts as a spine, and what is run twice.

    Attributes
    ----------
    minimum_vertebrae : fewer make the study no candidate (an undeclared knee)
    mirrored_coarse, mirrored_fine : whether a net sees its input mirrored left to right too,
        and the scores are averaged; the coarse net's passes also tell their disagreement
    quality : limits beyond which a result is doubted or withheld
    """

    minimum_vertebrae: int = 3
    mirrored_coarse: bool = True
    mirrored_fine: bool = False
    quality: QualitySettings = field(default_factory=QualitySettings)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the networks say.

    Attributes
    ----------
    classes : values of `TissueClass` on the volume's grid
    passes : of the coarse net; None where no mirrored pass was made
    named : values of `spine.anatomy.labels` where a stock network names levels itself, else 0
    """

    classes: LabelMap
    passes: Passes | None = None
    named: LabelMap | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Vertebrae and discs found and named on a map of tissue classes."""

    instances: Instances
    row: Row
    labels: LabelMap


def segment(
    selection: Selection, model: SegmentationModel, settings: SegmentationSettings
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
        return Refusal(selection.refusal.code, selection.refusal.reason, STUDY)
    if selection.volume is None:
        raise SegmentationError(Code.SEGMENTATION_FAILED, "the selected series was not decoded")
    predicted = predict(selection.volume, model, settings)
    age_years = selection.study.patient.age_years
    return interpret(selection.volume, predicted, model, settings, age_years)


def predict(volume: Volume, model: SegmentationModel, settings: SegmentationSettings) -> Prediction:
    """Run the coarse net over the whole field of view and the fine one, if any, along the spine.

    A stock nnU-Net runs as nnU-Net would, with the mirrored passes that its card names.

    Parameters
    ----------
    volume : canonical orientation

    Raises
    ------
    SegmentationError
        ``NOT_FINITE`` where a network returns scores that are no numbers.
    """
    spec = model.spec
    if isinstance(spec, StockSpec):
        networks = (model.network,) if model.second is None else (model.network, model.second)
        told = stock_pass(volume, networks, spec)
        return Prediction(told.classes, named=told.named)
    coarse = coarse_pass(volume, model.network, spec.coarse, mirrored=settings.mirrored_coarse)
    if spec.fine is None or model.fine is None:
        classes = classes_from_scores(coarse.scores, spec.coarse, volume.grid)
    else:
        net = FineNet(model.fine, spec.fine, settings.mirrored_fine)
        classes = with_regions(fine_pass(volume, coarse, net), coarse, spec.coarse, volume.grid)
    return Prediction(LabelMap(classes, volume.affine), coarse.passes)


def predict_classes(volume: Volume, model: SegmentationModel) -> LabelMap:
    """Return the classes alone, as the default settings give them."""
    return predict(volume, model, SegmentationSettings()).classes


def locate(classes: LabelMap, settings: SegmentationSettings) -> Located | Refusal:
    """Find and name vertebrae and discs on a map of `TissueClass` values."""
    classes = without_islands(classes)
    instances = find_instances(classes)
    while (cleared := without_head(classes, instances)) is not None:
        classes, instances = cleared, find_instances(cleared)
    found = len(instances.bodies)
    if found < settings.minimum_vertebrae:
        few = f"{found} vertebra{'' if found == 1 else 'e'} found"
        reason = f"{few}, {settings.minimum_vertebrae} needed."
        return Refusal(Code.TOO_FEW_VERTEBRAE, reason, STUDY)
    row = name_row(instances, classes)
    if row is None:
        reason = f"{found} vertebrae found or missed are more than any spine has."
        return Refusal(Code.SEGMENTATION_FAILED, reason, STUDY)
    return Located(instances, row, label_map(instances, row, classes))


def interpret(
    volume: Volume,
    predicted: Prediction,
    model: SegmentationModel,
    settings: SegmentationSettings,
    age_years: float | None = None,
) -> Segmentation | Refusal:
    """Turn tissue classes into named, measured and judged levels.

    Parameters
    ----------
    age_years : chronological; None where it is not known
    """
    found = locate(predicted.classes, settings)
    if isinstance(found, Refusal):
        return found
    labels, passes = found.labels, predicted.passes
    geometry = measure(labels, found.instances.guide)
    told = None if passes is None else disagreement(passes, labels)
    background = Background(age_years, told)
    row = found.row
    if _is_doubted(row, predicted, labels):
        row = replace(row, is_certain=False)
    return Segmentation(
        volume=volume,
        labels=labels,
        geometry=geometry,
        quality=assess(row, labels, geometry, settings.quality, background),
        model=model.reference,
    )


def _is_doubted(row: Row, predicted: Prediction, labels: LabelMap) -> bool:
    """Whether another look at the same image contradicts the names.

    A fine window that shows little of the sacrum may take S1 for the lowest vertebra, where the
    coarse net, which sees the whole field of view, does not.
    """
    if predicted.named is not None and contradicts(labels, predicted.named):
        return True
    if predicted.passes is None:
        return False
    lowest = VERTEBRA_LABELS[row.levels[-1]]
    return vertebra_share(predicted.passes.plain, labels, lowest) < LEAST_VERTEBRA_SHARE
