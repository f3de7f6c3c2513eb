"""Regions from discs that a stock network names, and its names beside those of the count."""

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import DISC_BY_LABEL, LEVEL_BY_LABEL, TissueClass
from spine.anatomy.levels import DiscLevel
from spine.imaging.volume import LabelMap
from spine.segmentation.instances import SMALLEST_SACRUM_MM3, Instances

# Of seven cervical, twelve thoracic and five lumbar vertebrae, head to foot.
_USUAL_DISCS = (
    *(DiscLevel(f"C{n}/C{n + 1}") for n in range(2, 7)),
    DiscLevel.C7_T1,
    *(DiscLevel(f"T{n}/T{n + 1}") for n in range(1, 12)),
    DiscLevel.T12_L1,
    *(DiscLevel(f"L{n}/L{n + 1}") for n in range(1, 5)),
    DiscLevel.L5_S1,
)
_IS_NAME = np.isin(np.arange(256), [*LEVEL_BY_LABEL, *DISC_BY_LABEL])


def with_regions(
    classes: LabelMap, unknown: NDArray[np.bool_], named: LabelMap, instances: Instances
) -> LabelMap:
    """Give vertebrae of unknown region that of their height among the discs.

    C7/T1 and T12/L1 are the borders. One that is not named is counted from the nearest disc
    that is, in the usual spine; where none is, from the sacrum; where that is not in view
    either, all is thoracic, and the levels' names will be uncertain.

    Parameters
    ----------
    unknown : which voxels, shape (i, j, k)
    named : values of `spine.anatomy.labels` where the network names a level, else 0
    """
    heights = np.arange(classes.data.shape[2]) * classes.grid.spacing_mm[2]
    places = _places(instances, named) or _place_above_sacrum(instances, classes)
    neck, loin = (
        _border(level, places, instances) for level in (DiscLevel.C7_T1, DiscLevel.T12_L1)
    )
    rows = np.full(len(heights), TissueClass.THORACIC, dtype=np.uint8)
    rows[heights > neck] = TissueClass.CERVICAL
    rows[heights < loin] = TissueClass.LUMBAR
    data = np.where(unknown, rows, classes.data).astype(np.uint8)
    return LabelMap(data, classes.affine)


def contradicts(labels: LabelMap, named: LabelMap) -> bool:
    """Whether most of what the network names within some level is named otherwise.

    Parameters
    ----------
    labels, named : values of `spine.anatomy.labels` on one grid; of `named`, 0 says nothing
    """
    both = _IS_NAME[labels.data] & _IS_NAME[named.data]
    pairs = labels.data[both].astype(np.intp) * 256 + named.data[both]
    table = np.bincount(pairs, minlength=1 << 16).reshape(256, 256)
    told = table.sum(axis=1) > 0
    return bool((table.argmax(axis=1)[told] != np.flatnonzero(told)).any())


def _places(instances: Instances, named: LabelMap) -> dict[int, int]:
    """Return by place in the usual spine the place in the row, of each disc that has a name."""
    found = {}
    for place in range(len(instances.discs)):
        values = named.data[instances.disc_numbers == place + 1]
        level = DISC_BY_LABEL.get(_commonest(values))
        if level in _USUAL_DISCS:
            found[_USUAL_DISCS.index(level)] = place
    return found


def _commonest(values: NDArray[np.uint8]) -> int:
    counts = np.bincount(values[values > 0], minlength=1)
    return int(counts.argmax())


def _place_above_sacrum(instances: Instances, classes: LabelMap) -> dict[int, int]:
    """Take the lowest disc for L5/S1 where the sacrum is in view."""
    sacrum = np.count_nonzero(classes.data == TissueClass.SACRUM)
    if not instances.discs or sacrum * np.prod(classes.grid.spacing_mm) < SMALLEST_SACRUM_MM3:
        return {}
    return {len(_USUAL_DISCS) - 1: len(instances.discs) - 1}


def _border(level: DiscLevel, places: dict[int, int], instances: Instances) -> float:
    """Return the height of a disc in grid mm; infinite where it lies out of view."""
    if not places:
        return np.inf if level is DiscLevel.C7_T1 else -np.inf
    wanted = _USUAL_DISCS.index(level)
    nearest = min(places, key=lambda known: abs(known - wanted))
    place = places[nearest] + wanted - nearest
    if 0 <= place < len(instances.discs):
        return instances.discs[place].height
    return np.inf if place < 0 else -np.inf
