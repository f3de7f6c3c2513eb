"""Scores of many cases as figures, beside their targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from research.measurements import Data, Measurement
from research.validation.segmentation.scores import CaseScore


@dataclass(frozen=True, slots=True)
class Targets:
    """What a group of cases is to reach; an empty target is informative only.

    Attributes
    ----------
    mean, worst : Dice by class name
    distance_mm : average surface distance of every class
    cases : so many have to be measured
    """

    mean: Mapping[str, float] = field(default_factory=dict)
    worst: Mapping[str, float] = field(default_factory=dict)
    distance_mm: float | None = None
    cases: int | None = None


def outlines(
    scores: Sequence[CaseScore], group: str, data: Data, targets: Targets
) -> list[Measurement]:
    """Return the number of cases, and mean and worst Dice and surface distance of each class."""
    count = len(scores)
    number = float(count) if count else None
    rows = [Measurement(f"{group}: cases", number, "cases", data, count, targets.cases)]
    for name in sorted({name for score in scores for name in score.dice}):
        values = [score.dice[name] for score in scores if name in score.dice]
        mean, worst = float(np.mean(values)), min(values)
        seen, label = len(values), f"{group}: Dice {name}"
        rows += [
            Measurement(f"{label}, mean", mean, "1", data, seen, targets.mean.get(name)),
            Measurement(f"{label}, worst", worst, "1", data, seen, targets.worst.get(name)),
        ]
        distances = [s.distance_mm[name] for s in scores if name in s.distance_mm]
        if distances:
            # An empty mask has no distance; its figure misses.
            far = float(np.mean(distances)) if np.isfinite(distances).all() else None
            rows.append(
                Measurement(
                    f"{group}: surface distance {name}, mean",
                    far,
                    "mm",
                    data,
                    len(distances),
                    targets.distance_mm,
                    "lower",
                )
            )
    return rows


def cases_with(
    name: str, flags: Sequence[bool], data: Data, target_share: float | None
) -> Measurement:
    """Count cases of which something unwanted is true; the target is a share of all."""
    target = None if target_share is None else float(np.floor(target_share * len(flags)))
    return Measurement(name, float(sum(flags)), "cases", data, len(flags), target, "lower")
