"""Disc regions on the training device, and their augmentation there."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from research.training.discs.regions import Region

_SHIFT = 4
_GAIN, _OFFSET = 0.1, 0.05


class DeviceInputs:
    """All regions of a cohort, whole on a GPU or read from disk as they are asked for."""

    def __init__(self, inputs: Region, device: torch.device) -> None:
        self.device = device
        self._mapped = inputs
        # 6,715 discs take 1.5 GB as float16: a GPU holds them, a small computer need not.
        self._held = torch.from_numpy(np.array(inputs)).to(device) if device.type != "cpu" else None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one input: slices, rows, columns."""
        _, slices, rows, columns = self._mapped.shape
        return slices, rows, columns

    def take(self, places: NDArray[np.int64]) -> torch.Tensor:
        """Return regions as float32 on the device, shape (n, slices, rows, columns)."""
        if self._held is None:
            return torch.from_numpy(self._mapped[places].astype(np.float32))
        return self._held[torch.from_numpy(places).to(self.device)].float()


def augmented(regions: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Shift each region by up to four voxels, mirror half left to right, change contrast.

    What leaves on one side comes in on the other. Each is multiplied by 0.9 to 1.1 and raised
    by -0.05 to 0.05, both uniform.
    """
    count, slices, rows, columns = regions.shape
    device = regions.device
    mirrored = rng.random(count) < 0.5
    order = np.where(mirrored[:, None], np.arange(slices)[::-1], np.arange(slices))
    shifts = rng.integers(-_SHIFT, _SHIFT + 1, (2, count, 1))
    row = (np.arange(rows) - shifts[0]) % rows
    column = (np.arange(columns) - shifts[1]) % columns
    gain = rng.uniform(1 - _GAIN, 1 + _GAIN, count).astype(np.float32)
    offset = rng.uniform(-_OFFSET, _OFFSET, count).astype(np.float32)
    first = torch.arange(count, device=device)[:, None, None, None]
    moved = regions[
        first,
        torch.from_numpy(order).to(device)[:, :, None, None],
        torch.from_numpy(row).to(device)[:, None, :, None],
        torch.from_numpy(column).to(device)[:, None, None, :],
    ]
    scale = torch.from_numpy(gain).to(device)[:, None, None, None]
    return moved * scale + torch.from_numpy(offset).to(device)[:, None, None, None]


def turned(
    regions: torch.Tensor, rng: np.random.Generator, largest_deg: float, largest_scaling: float
) -> torch.Tensor:
    """Turn each region about its center and scale it, both uniformly up to a limit.

    Parameters
    ----------
    largest_deg : either way, in the plane of the slices
    largest_scaling : share that a length may grow or shrink by

    Returns
    -------
    the same shape; beyond its edges a region goes on as its edge
    """
    count, _, rows, columns = regions.shape
    angle = np.deg2rad(rng.uniform(-largest_deg, largest_deg, count))
    scale = rng.uniform(1 - largest_scaling, 1 + largest_scaling, count)
    along, across = scale * np.cos(angle), scale * np.sin(angle)
    # Sampling coordinates run from -1 to 1 over columns and over rows, whatever their numbers.
    still = np.zeros(count)
    theta = np.array(
        [[along, -across * rows / columns, still], [across * columns / rows, along, still]]
    )
    grid = nn.functional.affine_grid(
        torch.from_numpy(theta.transpose(2, 0, 1).astype(np.float32)),
        list(regions.shape),
        align_corners=False,
    )
    return nn.functional.grid_sample(
        regions, grid.to(regions.device), padding_mode="border", align_corners=False
    )


def device_of(name: str) -> torch.device:
    """Return a device by name.

    Raises
    ------
    ValueError
        If this computer has no such device.
    """
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("this computer has no CUDA device")
    return device


def weights_path(folder: Path) -> Path:
    """Return where a fitted network's best weights lie."""
    return folder / "best.safetensors"
