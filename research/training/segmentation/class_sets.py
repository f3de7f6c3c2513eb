"""Sets of tissue classes as training targets of either net."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from research.training.segmentation.marginal import Partition, partitions_of
from research.training.segmentation.plans import Net
from research.training.segmentation.sources import Sets, TrainingData
from spine.anatomy.labels import TissueClass, fine_from_tissue


def targets_of(tables: Sequence[Sets], net: Net) -> tuple[Partition, ...]:
    """Number the sets of all sources for a net."""
    return partitions_of([joined(table, net) for table in tables])


def joined(table: Sets, net: Net) -> Sets:
    """Return a table's sets in a net's classes; sets that it cannot tell apart become one."""
    found: list[set[int]] = []
    for chosen in table:
        mine = {_class_of(number, net) for number in chosen}
        for other in [one for one in found if one & mine]:
            found.remove(other)
            mine |= other
        found.append(mine)
    return tuple(tuple(sorted(one)) for one in sorted(found, key=min))


def target_from_sets(
    sets: NDArray[np.uint8], source: int, data: TrainingData, net: Net
) -> NDArray[np.uint8]:
    """Turn numbers of a source's sets, any shape, into target values of its partition."""
    partition = targets_of(data.tables, net)[source]
    place = {number: at for at, chosen in enumerate(partition.sets) for number in chosen}
    lookup = [partition.first + place[_class_of(one[0], net)] for one in data.tables[source]]
    return np.array(lookup, dtype=np.uint8)[sets]


def _class_of(tissue: int, net: Net) -> int:
    if net is Net.COARSE:
        return tissue
    return int(fine_from_tissue(np.array(TissueClass(tissue), dtype=np.uint8)))
