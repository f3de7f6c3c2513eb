"""What the heads of a stock net mean: ``dataset.json`` on one side, a mapping on the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from research.labeled.errors import Fault, LabeledDataError
from research.labeled.mapping import ANY_VERTEBRA, LabelMapping
from research.listing import listed
from spine.anatomy.labels import (
    DISC_LABELS,
    VERTEBRA_LABELS,
    TissueClass,
    classes_from_labels,
)
from spine.anatomy.levels import DiscLevel, Level
from spine.preprocessing.stock import StockLabel

_BACKGROUND = "background"
_VERTEBRAE = frozenset({TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR})


@dataclass(frozen=True, slots=True)
class Heads:
    """What a net's output channels are.

    Attributes
    ----------
    names : by label value, the background's 0 left out
    values : one a head
    by_region : see `spine.preprocessing.stock.StockStep`
    """

    names: Mapping[int, str]
    values: tuple[int, ...]
    by_region: bool


def heads_from_dataset(dataset: Mapping[str, Any]) -> Heads:
    """Read the heads as nnU-Net orders them.

    Raises
    ------
    ValueError
        If ``dataset.json`` states no labels, or not as nnU-Net v2 does.

    Source
    ------
    nnU-Net 2.8.1, ``LabelManager``.
    """
    try:
        stated = {str(name): _values(value) for name, value in dataset["labels"].items()}
        if stated.pop(_BACKGROUND) != [0]:
            raise ValueError("the background is not 0")
        # Voxels that nobody labeled: no head learns them.
        stated.pop("ignore", None)
        if not any(len(value) > 1 for value in stated.values()):
            return _by_class({value[0]: name for name, value in stated.items()})
        order = [int(value) for value in dataset["regions_class_order"]]
        return Heads(dict(zip(order, stated, strict=True)), tuple(order), by_region=True)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"dataset.json states no labels as nnU-Net v2 does: {error}") from error


def stock_labels(heads: Heads, mapping: LabelMapping) -> tuple[StockLabel, ...]:
    """Give every label value its meaning, the background's too.

    By name where the mapping describes the data set's nets, else by value.

    Raises
    ------
    LabeledDataError
        ``LABEL_UNKNOWN`` for labels that the mapping does not name; ``MAPPING_INVALID`` where
        it leaves open what a value is.
    """
    unknown = [
        f"{name} ({value})"
        for value, name in heads.names.items()
        if not _knows(mapping, value, name)
    ]
    if unknown:
        reason = f"labels that {mapping.name} does not name: {listed(unknown)}"
        raise LabeledDataError(Fault.LABEL_UNKNOWN, reason)
    background = StockLabel(0, _BACKGROUND, TissueClass.BACKGROUND)
    return background, *(_label(mapping, value, name) for value, name in heads.names.items())


def _values(stated: Any) -> list[int]:
    return [int(value) for value in stated] if isinstance(stated, list) else [int(stated)]


def _by_class(names: dict[int, str]) -> Heads:
    values = (0, *sorted(names))
    if values != tuple(range(len(values))):
        raise ValueError("label values do not follow each other")
    return Heads(names, values, by_region=False)


def _knows(mapping: LabelMapping, value: int, name: str) -> bool:
    if mapping.networks is not None:
        return name in mapping.networks.labels
    return value in mapping.index_by_value


def _label(mapping: LabelMapping, value: int, name: str) -> StockLabel:
    if mapping.networks is None:
        return StockLabel(value, name, _tissue_from_set(mapping.classes(value), name, mapping))
    meaning = mapping.networks.labels[name]
    if meaning == ANY_VERTEBRA:
        return StockLabel(value, name)
    if meaning in _levels():
        level = _levels()[meaning]
        return StockLabel(value, name, _tissue_from_level(level), level)
    return StockLabel(value, name, TissueClass[meaning.upper()])


def _levels() -> dict[str, Level | DiscLevel]:
    levels: Iterable[Level | DiscLevel] = (*VERTEBRA_LABELS, *DISC_LABELS)
    return {level.value: level for level in levels}


def _tissue_from_level(level: Level | DiscLevel) -> TissueClass:
    value = DISC_LABELS[level] if isinstance(level, DiscLevel) else VERTEBRA_LABELS[level]
    return TissueClass(int(classes_from_labels(np.array([value]))[0]))


def _tissue_from_set(
    classes: frozenset[TissueClass], name: str, mapping: LabelMapping
) -> TissueClass | None:
    """Choose for a set of several classes what the service can use; None: any vertebra."""
    if classes == _VERTEBRAE:
        return None
    if classes == {TissueClass.CSF, TissueClass.CORD}:
        # The canal as a whole: the service needs its course, and measures no cord.
        return TissueClass.CSF
    if TissueClass.BACKGROUND in classes:
        return TissueClass.BACKGROUND
    if len(classes) > 1:
        reason = f"{mapping.name}: {name} may be several classes that the service tells apart"
        raise LabeledDataError(Fault.MAPPING_INVALID, reason)
    return next(iter(classes))
