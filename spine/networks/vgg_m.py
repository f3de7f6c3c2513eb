"""VGG-M, the classifier that P2 names."""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class VGGMWidths:
    """Channels of the five convolutions and of the two hidden linear layers.

    The defaults are the published widths; `NARROW` is what ships (docs/adr/0023).
    """

    convolutions: tuple[int, int, int, int, int] = (96, 256, 512, 512, 512)
    linear: int = 4096


NARROW = VGGMWidths((48, 128, 256, 256, 256), 512)


class VGGM(nn.Module):
    """Five convolutions with response normalization, three linear layers.

    At published widths, for 9 x 224 x 224 input and 5 grades: 98.9 million parameters.

    Source
    ------
    Chatfield et al., Return of the Devil in the Details (BMVC 2014), network CNN-M.
    """

    def __init__(
        self, input_shape: tuple[int, int, int], classes: int, widths: VGGMWidths = NARROW
    ) -> None:
        super().__init__()
        channels, rows, columns = input_shape
        self.features = _features(channels, widths.convolutions)
        cells = _size_after(rows) * _size_after(columns)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(widths.convolutions[-1] * cells, widths.linear),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(widths.linear, widths.linear),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(widths.linear, classes),
        )
        self.apply(_initialize)

    def forward(self, discs: torch.Tensor) -> torch.Tensor:
        """Map (n, slices, rows, columns) to logits (n, classes)."""
        logits: torch.Tensor = self.classifier(self.features(discs))
        return logits


def _features(channels: int, widths: tuple[int, int, int, int, int]) -> nn.Sequential:
    first, second, third, fourth, fifth = widths
    return nn.Sequential(
        nn.Conv2d(channels, first, 7, stride=2),
        nn.ReLU(),
        _response_norm(),
        _pool(),
        nn.Conv2d(first, second, 5, stride=2, padding=1),
        nn.ReLU(),
        _response_norm(),
        _pool(),
        nn.Conv2d(second, third, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(third, fourth, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(fourth, fifth, 3, padding=1),
        nn.ReLU(),
        _pool(),
    )


def _initialize(layer: nn.Module) -> None:
    """Keep the signal's variance through eight ReLU layers without batch-norm (He 2015)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _response_norm() -> nn.LocalResponseNorm:
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)


def _pool() -> nn.MaxPool2d:
    # Rounded up, as in the original's framework: 26 becomes 13.
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def _size_after(side: int) -> int:
    """Return a side's length behind the last pooling: 224 gives 6."""
    side = _pooled((side - 7) // 2 + 1)
    side = _pooled((side + 2 - 5) // 2 + 1)
    return _pooled(side)


def _pooled(side: int) -> int:
    return -(-(side - 3) // 2) + 1
