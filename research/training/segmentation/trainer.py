"""nnU-Net's trainer for windows of one size and data sets that are labeled in part."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from research.training.segmentation.marginal import (
    MarginalLoss,
    owner_of,
    partitions_of,
    sets_of,
)


class MarginalTrainer(nnUNetTrainer):  # type: ignore[misc]
    """Marginal loss, sampling by data set, no turn that swaps head and foot.

    ``dataset.json`` holds, beside nnU-Net's keys, the class sets of each data set (a target
    value counts them through, see `partitions_of`) and each case's share of the samples.

    Attributes
    ----------
    rotation_degrees : in plane, either way; nnU-Net's own half turns would swap head and foot
    """

    rotation_degrees = 15.0

    def __init__(
        # nnU-Net reads the names of these arguments.
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device,
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        tables = self.dataset_json["class_sets"]
        self.partitions = partitions_of([tuple(map(tuple, table)) for table in tables])
        self.is_flat = len(self.configuration_manager.patch_size) == 2
        self.save_every = 1

    def _build_loss(self) -> Any:
        """Put the marginal loss where nnU-Net has its own, same weights of the depths."""
        wrapped = super()._build_loss()
        wrapped.loss = MarginalLoss(self.partitions)
        return wrapped

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(  # noqa: N802 - nnU-Net's
        self,
    ) -> tuple[tuple[float, float], bool, Any, tuple[int, ...]]:
        """Rotate in plane; mirror left to right only."""
        angle = float(np.radians(self.rotation_degrees))
        patch = self.configuration_manager.patch_size
        axes = () if self.is_flat else (0,)
        self.inference_allowed_mirroring_axes = axes
        return (-angle, angle), not self.is_flat, patch, axes

    @staticmethod
    def get_training_transforms(*arguments: Any, **named: Any) -> Any:
        """Blur by convolution: trying torch's FFT for it has crashed the process."""
        composed = nnUNetTrainer.get_training_transforms(*arguments, **named)
        for step in composed.transforms:
            if isinstance(getattr(step, "transform", None), GaussianBlurTransform):
                step.transform.benchmark = False
        return composed

    def configure_optimizers(self) -> tuple[Any, Any]:
        """Take AdamW, which needs fewer iterations; nnU-Net's schedule stays."""
        optimizer = torch.optim.AdamW(
            self.network.parameters(), self.initial_lr, weight_decay=self.weight_decay
        )
        return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

    def get_dataloaders(self) -> tuple[Any, Any]:
        """Sample training cases by their shares."""
        training, validation = super().get_dataloaders()
        loader = training.data_loader
        shares = np.array([self.dataset_json["sampling_shares"][case] for case in loader.indices])
        loader.sampling_probabilities = shares / shares.sum()
        return training, validation

    def save_checkpoint(self, filename: str) -> None:
        """Write it whole or not at all: a training is resumed from what a kill leaves."""
        part = f"{filename}.part"
        super().save_checkpoint(part)
        Path(part).replace(filename)

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Swap a slice's left and right neighbors half of the time."""
        if self.is_flat:
            swapped = np.random.random(len(batch["data"])) < 0.5  # noqa: NPY002 - as nnU-Net draws
            batch["data"][swapped] = batch["data"][swapped].flip(1)
        result: dict[str, Any] = super().train_step(batch)
        return result

    def validation_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Count hits and misses of each set that its data set tells apart."""
        target = [part.to(self.device) for part in batch["target"]]
        output = self.network(batch["data"].to(self.device))
        counts = np.zeros((3, self.partitions[-1].values.stop), dtype=np.int64)
        for item, wanted in zip(output[0].argmax(1), target[0], strict=True):
            self._count(counts, item, wanted[0])
        # Background of every data set is left out.
        kept = [value for one in self.partitions for value in one.values[1:]]
        hits, wrong, missed = counts[:, kept]
        loss = self.loss(output, target).detach().cpu().numpy()
        return {"loss": loss, "tp_hard": hits, "fp_hard": wrong, "fn_hard": missed}

    def _count(self, counts: Any, predicted: torch.Tensor, wanted: torch.Tensor) -> None:
        owner = owner_of(wanted, self.partitions)
        set_of_class = {number: at for at, chosen in enumerate(owner.sets) for number in chosen}
        table = torch.tensor([set_of_class[number] for number in sorted(set_of_class)])
        found, true = table[predicted.cpu()], sets_of(wanted, owner).cpu()
        for at, value in enumerate(owner.values):
            mine, meant = found == at, true == at
            counts[0, value] += int((mine & meant).sum())
            counts[1, value] += int((mine & ~meant).sum())
            counts[2, value] += int((~mine & meant).sum())
