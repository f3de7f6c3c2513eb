"""A stock nnU-Net from outside: one network, or two after another, to our tissue classes."""

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS, TissueClass
from spine.anatomy.levels import DiscLevel, Level
from spine.imaging.axes import AxisWeights, centered_positions, interpolate, linear_weights
from spine.imaging.resampling import centered_grid, centered_labels
from spine.imaging.volume import Grid, LabelMap, Volume
from spine.inference.models import Network
from spine.preprocessing.stock import StockLabel, StockSpec, StockStep
from spine.preprocessing.stock_arrays import stock_input, values_from_scores
from spine.segmentation.instances import find_instances
from spine.segmentation.islands import without_islands
from spine.segmentation.landmarks import with_regions
from spine.segmentation.sliding import sliding_scores


@dataclass(frozen=True, slots=True, eq=False)
class StockResult:
    """What stock networks say of a volume, on its grid.

    Attributes
    ----------
    values : the last network's own label values
    classes : values of `TissueClass`
    named : values of `spine.anatomy.labels` where the network names a vertebra or disc, else 0
    """

    values: LabelMap
    classes: LabelMap
    named: LabelMap


def stock_pass(volume: Volume, networks: tuple[Network, ...], spec: StockSpec) -> StockResult:
    """Run the networks of a stock segmentation.

    Parameters
    ----------
    volume : canonical orientation
    networks : one for each step

    Raises
    ------
    SegmentationError
        ``NOT_FINITE`` where a network returns scores that are no numbers.
    """
    working = _resampled(volume, spec.voxel_mm)
    values = _values(working.data[None], working.grid, networks[0], spec.first)
    step = spec.first
    if spec.second is not None:
        values = _second(working, values, networks[1], spec, spec.second)
        step = spec.second
    native = _on_native(values, volume.grid)
    classes, named = _meanings(native, step.labels)
    return StockResult(native, classes, named)


def alternate_discs(classes: LabelMap) -> NDArray[np.bool_]:
    """Mark every other disc, from the uppermost in view.

    Source
    ------
    TotalSpineSeg, ``extract_alternate``: the second channel of its second step.
    """
    alternate: NDArray[np.bool_] = find_instances(classes).disc_numbers % 2 == 1
    return alternate


def _values(image: NDArray[np.float32], grid: Grid, network: Network, step: StockStep) -> LabelMap:
    """Run one network on an image, shape (channels, i, j, k)."""
    source = stock_input(image, grid.spacing_mm, step)
    scores = sliding_scores(source.data, network, step)
    return LabelMap(values_from_scores(scores, source, step), grid.affine)


def _second(
    volume: Volume, first: LabelMap, network: Network, spec: StockSpec, step: StockStep
) -> LabelMap:
    """Run the second network around what the first found; without any disc find nothing."""
    classes = without_islands(_lookup(first, _tissues(spec.first.labels)))
    discs = alternate_discs(classes)
    values = np.zeros(first.data.shape, dtype=np.uint8)
    if discs.any():
        box = _box(classes, spec.margin_mm)
        image = np.stack([volume.data[box], discs[box].astype(np.float32)])
        values[box] = _values(image, volume.grid, network, step).data
    return LabelMap(values, first.affine)


def _box(classes: LabelMap, margin_mm: float) -> tuple[slice, ...]:
    """Bound what is not background, with a margin, within the grid."""
    found = np.argwhere(classes.data)
    margin = np.rint(margin_mm / np.asarray(classes.grid.spacing_mm)).astype(np.intp)
    low = np.maximum(found.min(axis=0) - margin, 0)
    high = found.max(axis=0) + margin + 1
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _meanings(values: LabelMap, labels: tuple[StockLabel, ...]) -> tuple[LabelMap, LabelMap]:
    """Turn label values into tissue classes and named levels."""
    classes = _lookup(values, _tissues(labels))
    named = _lookup(values, {one.value: _label_value(one.level) for one in labels})
    unknown = np.isin(values.data, [one.value for one in labels if one.tissue is None])
    if unknown.any():
        instances = find_instances(without_islands(classes))
        classes = with_regions(classes, unknown, named, instances)
    return classes, named


def _tissues(labels: tuple[StockLabel, ...]) -> dict[int, TissueClass]:
    """Return the tissue of each value; a vertebra of unknown region is any one at first."""
    return {one.value: TissueClass.THORACIC if one.tissue is None else one.tissue for one in labels}


def _lookup(values: LabelMap, meaning: dict[int, TissueClass] | dict[int, int]) -> LabelMap:
    table = np.zeros(256, dtype=np.uint8)
    table[list(meaning)] = list(meaning.values())
    return LabelMap(table[values.data], values.affine)


def _label_value(level: Level | DiscLevel | None) -> int:
    match level:
        case Level():
            return VERTEBRA_LABELS[level]
        case DiscLevel():
            return DISC_LABELS[level]
        case None:
            return 0


def _resampled(volume: Volume, voxel_mm: float | None) -> Volume:
    """Interpolate linearly onto cubes around the same center that do not reach beyond the image.

    Source
    ------
    TotalSpineSeg's ``resample``, which is torchio's ``Resample``.
    """
    if voxel_mm is None:
        return volume
    grid = volume.grid
    sides = [
        max(1, floor(side * step / voxel_mm + 1e-6))
        for side, step in zip(grid.shape, grid.spacing_mm, strict=True)
    ]
    cubes = centered_grid(grid, (sides[0], sides[1], sides[2]), (voxel_mm,) * 3)
    data = volume.data
    for axis, weights in enumerate(_weights(cubes, grid)):
        data = interpolate(data, weights, axis)
    return Volume(np.ascontiguousarray(data), cubes.affine)


def _on_native(values: LabelMap, grid: Grid) -> LabelMap:
    """Carry label values onto the volume's grid by nearest neighbor; its rim is background."""
    if values.grid.matches(grid):
        return values
    return centered_labels(values, grid)


def _weights(target: Grid, source: Grid) -> list[AxisWeights]:
    """Place the voxels of one grid between those of another with the same axes and center."""
    return [
        linear_weights(
            centered_positions(
                target.shape[axis], target.spacing_mm[axis], source.shape[axis],
                source.spacing_mm[axis],
            ),
            source.shape[axis],
        )
        for axis in range(3)
    ]  # fmt: skip
