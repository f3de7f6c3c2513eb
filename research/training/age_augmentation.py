"""Changes of a masked spine in training: what differs from patient to patient and mask to mask."""

import numpy as np
import torch

from research.training.loop import Augmentation
from spine.preprocessing.age import AgeSpec

# Patients lie differently in the field of view, and coils amplify differently (assumptions).
SHIFT_MM = 10.0
GAIN = 0.1
# A network's mask ends elsewhere than the true one and lacks a piece here and there; how much is
# worn off here is an assumption.
EROSION_MM = 2.7
HOLES = 3
HOLE_MM = 25.0


def augmentation(spec: AgeSpec) -> Augmentation:
    """Return a change of one spine: its mask worn, shifted in plane, mirrored, scaled.

    Mirroring swaps left and right; what a shift moves out on one side is the zero margin.
    """
    spacing_mm = spec.spacing_mm[1]
    reach, deepest = max(1, round(SHIFT_MM / spacing_mm)), max(1, round(EROSION_MM / spacing_mm))

    def change(spine: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        if rng.random() < 0.5:
            spine = eroded(spine, int(rng.integers(1, deepest + 1)))
        for _ in range(int(rng.integers(HOLES + 1))):
            spine = with_hole(spine, spec, rng)
        shift = [int(value) for value in rng.integers(-reach, reach + 1, size=2)]
        # axes: channel, anterior, superior, right
        moved = torch.roll(spine, shift, dims=(1, 2))
        if rng.random() < 0.5:
            moved = moved.flip(3)
        return moved * rng.uniform(1 - GAIN, 1 + GAIN)

    return change


def eroded(spine: torch.Tensor, voxels: int) -> torch.Tensor:
    """Remove the mask's rim, so many voxels wide in plane; shape (1, anterior, superior, right)."""
    outside = spine.eq(0).to(torch.bfloat16)
    # A square is as wide along one axis as along the other: two passes instead of one window.
    for axis in (0, 1):
        size, padding = [1, 1, 1], [0, 0, 0]
        size[axis], padding[axis] = 2 * voxels + 1, voxels
        outside = torch.nn.functional.max_pool3d(outside, size, stride=1, padding=padding)
    return spine * outside.eq(0)


def with_hole(spine: torch.Tensor, spec: AgeSpec, rng: np.random.Generator) -> torch.Tensor:
    """Remove a box of up to `HOLE_MM` around a place of the mask's field, not over all slices."""
    sides = (spec.spacing_mm[1], spec.spacing_mm[2], spec.spacing_mm[0])
    box = []
    for length, side in zip(spine.shape[1:], sides, strict=True):
        extent = max(1, round(HOLE_MM * rng.uniform(0.2, 1) / side))
        start = int(rng.integers(length))
        box.append(slice(start, start + extent))
    holed = spine.clone()
    holed[:, box[0], box[1], box[2]] = 0
    return holed
