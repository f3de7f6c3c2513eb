"""The age DCNN of P1."""

from collections.abc import Sequence

import torch
from torch import nn

POOLS = ((2, 2, 2),) * 3 + ((2, 2, 1),) * 2
"""Of the five blocks, along anterior, superior and right; what is left over is dropped."""

FEATURES = 64
"""Of the 1x1x1 top, which the linear layer sees."""


class AgeDCNN(nn.Module):
    """Five convolution blocks, a 1x1x1 top and a linear layer: 2,950,401 parameters.

    Depth (right) 14 shrinks 14, 7, 3, 1 over three poolings by 2; poolings 4 and 5 leave
    it alone, and the last one is global. With the defaults, P1's table exactly.

    Source
    ------
    P1, Table 2, and the block-5 map of 12 x 24 x 1 behind its Grad-CAM.
    """

    def __init__(
        self, channels: Sequence[int] = (32, 64, 128, 256, 256), top: int = FEATURES
    ) -> None:
        super().__init__()
        inputs = (1, *channels[:-1])
        self.blocks = nn.Sequential(
            *(_block(i, o, pool) for i, o, pool in zip(inputs, channels, POOLS, strict=True))
        )
        self.top = nn.Sequential(nn.Conv3d(channels[-1], top, 1), nn.BatchNorm3d(top), nn.ReLU())
        self.prediction = nn.Linear(top, 1)

    def forward(self, spines: torch.Tensor) -> torch.Tensor:
        """Map (n, 1, anterior, superior, right) to ages in years, shape (n, 1)."""
        ages: torch.Tensor = self.prediction(self.features(spines))
        return ages

    def features(self, spines: torch.Tensor) -> torch.Tensor:
        """Map (n, 1, anterior, superior, right) to what the last layer sees, shape (n, top)."""
        pooled: torch.Tensor = self.top(self.blocks(spines)).amax(dim=(2, 3, 4))
        return pooled


def _block(inputs: int, outputs: int, pool: tuple[int, int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, padding=1),
        nn.BatchNorm3d(outputs),
        nn.ReLU(),
        nn.MaxPool3d(pool),
    )
