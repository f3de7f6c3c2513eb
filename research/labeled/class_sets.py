"""What the labels of a data set say: sets of tissue classes that part all classes among them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.labeled.errors import Fault, LabeledDataError
from research.listing import listed
from spine.anatomy.labels import TissueClass


@dataclass(frozen=True, slots=True)
class ClassSets:
    """The table of sets of one data set; a voxel of set n is of one of the classes of `sets[n]`.

    The sets are disjoint and together hold every class, so that the probabilities of
    a network summed within each set still sum to one.

    Attributes
    ----------
    names : of the data set's own structures, such as ``vertebra``; the first is the background
    sets : in the same order

    Raises
    ------
    LabeledDataError
        ``MAPPING_INVALID`` if a class is in two sets or in none.
    """

    names: tuple[str, ...]
    sets: tuple[frozenset[TissueClass], ...]

    def __post_init__(self) -> None:
        problem = _overlap(self.names, self.sets) or _gap(self.sets)
        if problem:
            raise LabeledDataError(Fault.MAPPING_INVALID, problem)

    @property
    def membership(self) -> NDArray[np.bool_]:
        """Boolean, shape (sets, classes): whether a set holds a class."""
        return np.array([[tissue in one for tissue in TissueClass] for one in self.sets])


def class_names(tissues: Iterable[TissueClass]) -> str:
    """Name classes as mapping files do, in the order of their values."""
    return ", ".join(tissue.name.lower() for tissue in sorted(tissues))


def _overlap(names: tuple[str, ...], sets: tuple[frozenset[TissueClass], ...]) -> str | None:
    for tissue in TissueClass:
        holders = [name for name, one in zip(names, sets, strict=True) if tissue in one]
        if len(holders) > 1:
            return f"class {tissue.name.lower()} is in more than one set: {listed(holders)}"
    return None


def _gap(sets: tuple[frozenset[TissueClass], ...]) -> str | None:
    absent = frozenset(TissueClass).difference(*sets)
    if not absent:
        return None
    return (
        f"no set holds: {class_names(absent)}; "
        "name under `unlabeled` what the data set does not label"
    )
