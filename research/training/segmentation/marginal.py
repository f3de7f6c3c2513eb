"""The loss for data sets that do not tell all classes apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_SMOOTH = 1e-5


@dataclass(frozen=True, slots=True)
class Partition:
    """What the labels of one data set mean: disjoint sets that together hold every class.

    Attributes
    ----------
    first : target value of the first set; the others follow
    sets : class numbers of each set, background's first
    """

    first: int
    sets: tuple[tuple[int, ...], ...]

    @property
    def values(self) -> range:
        """Target values of the sets, in order."""
        return range(self.first, self.first + len(self.sets))


def partitions_of(tables: Sequence[tuple[tuple[int, ...], ...]]) -> tuple[Partition, ...]:
    """Number the sets of several data sets one after the other.

    Raises
    ------
    ValueError
        If the sets of a table overlap, or hold other classes than those of the first.
    """
    classes = sorted(number for chosen in tables[0] for number in chosen)
    partitions, first = [], 0
    for sets in tables:
        held = sorted(number for chosen in sets for number in chosen)
        if held != classes:
            raise ValueError(f"sets {sets} do not hold each of the classes {classes} once")
        partitions.append(Partition(first, sets))
        first += len(sets)
    return tuple(partitions)


class MarginalLoss(nn.Module):
    """Cross-entropy and soft Dice on the probabilities that a data set can tell apart.

    The probabilities of classes that it merges are summed; classes that it does not label
    belong to its background (Shi et al., Medical Image Analysis 70, 2021, section 3.1). On
    fully labeled data this is nnU-Net's own loss with Dice over the batch. Dice is the mean
    over the foreground sets that the batch holds.

    Parameters
    ----------
    partitions : of each data set; the first one's sets are single classes
    """

    def __init__(self, partitions: Sequence[Partition]) -> None:
        super().__init__()
        self._partitions = tuple(partitions)

    def forward(self, scores: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        scores : logits, shape (batch, classes, ...)
        target : values of `Partition.values`, shape (batch, 1, ...); an item holds those of
            one data set, and 0, background, where it was padded
        """
        log_chances = torch.log_softmax(scores, dim=1)
        owners = [owner_of(item, self._partitions) for item in target]
        entropies, dices = [], []
        for partition in self._partitions:
            mine = [index for index, owner in enumerate(owners) if owner is partition]
            if mine:
                merged = merge(log_chances[mine], partition.sets)
                wanted = sets_of(target[mine, 0], partition)
                entropies.append(nn.functional.nll_loss(merged, wanted, reduction="none").sum())
                dices += _dice(merged.exp(), wanted)
        entropy = torch.stack(entropies).sum() / target.numel()
        return entropy - torch.stack(dices).mean() if dices else entropy


def owner_of(target: Tensor, partitions: Sequence[Partition]) -> Partition:
    """Return the partition that a target's values come from; the first where all are padding."""
    highest = int(target.max())
    return next(one for one in partitions if highest in one.values)


def sets_of(target: Tensor, partition: Partition) -> Tensor:
    """Count target values from a partition's own background, shape unchanged."""
    return (target.long() - partition.first).clamp_min(0)


def merge(log_chances: Tensor, sets: Sequence[Sequence[int]]) -> Tensor:
    """Sum the probabilities of each set, as logarithms, shape (batch, sets, ...)."""
    merged = [
        log_chances[:, chosen[0]]
        if len(chosen) == 1
        else torch.logsumexp(log_chances[:, list(chosen)], dim=1)
        for chosen in sets
    ]
    return torch.stack(merged, dim=1)


def _dice(chances: Tensor, wanted: Tensor) -> list[Tensor]:
    """Return soft Dice over the batch of each foreground set that is there."""
    found = []
    for number in range(1, chances.shape[1]):
        reference = wanted == number
        size = reference.sum()
        if size:
            chance = chances[:, number]
            overlap = chance[reference].sum()
            found.append((2 * overlap + _SMOOTH) / (size + chance.sum() + _SMOOTH))
    return found
