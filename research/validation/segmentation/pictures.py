"""The worst cases to look at: the result's outlines beside the reference's."""

from pathlib import Path

import numpy as np
from PIL import Image

from research.validation.segmentation.scores import Case, CaseScore
from spine.findings import Segmentation
from spine.imaging.pictures import Color, draw_slice, fit_view
from spine.imaging.volume import LabelMap
from spine.reporting.colors import LABEL_COLORS

SHOWN = 3
_ROOM = (900, 1100)
_CLASS_COLORS: dict[int, Color] = {
    1: (255, 160, 120),
    2: (240, 240, 240),
    3: (70, 200, 190),
    **dict.fromkeys(range(4, 9), (250, 215, 110)),
}


class WorstCases:
    """Keeps the pictures of the cases with the lowest Dice of any class.

    Pictures show patients: they stay below ``build/``.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[float, str, Image.Image]] = []

    def consider(self, case: Case, score: CaseScore) -> None:
        """Draw a case if it is among the worst so far."""
        lowest = min(score.dice.values(), default=0.0)
        if len(self._kept) < SHOWN or lowest < self._kept[-1][0]:
            self._kept.append((lowest, case.name, _side_by_side(case)))
            self._kept = sorted(self._kept, key=lambda kept: kept[0])[:SHOWN]

    def write(self, folder: Path) -> list[Path]:
        """Write ``worst-<rank>-<case>.png``, the worst first."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for rank, (_, name, picture) in enumerate(self._kept, start=1):
            paths.append(folder / f"worst-{rank}-{name}.png")
            picture.save(paths[-1])
        return paths


def _side_by_side(case: Case) -> Image.Image:
    """Draw the slice that holds most of the reference: reference left, result right."""
    sizes = (case.reference.data > 0).sum(axis=(1, 2))
    grid = case.volume.grid
    box = ((0, grid.shape[1]), (0, grid.shape[2]))
    view = fit_view(grid, int(sizes.argmax()), box, _ROOM)
    is_named = isinstance(case.found, Segmentation)
    labels: LabelMap = case.found.labels if isinstance(case.found, Segmentation) else case.classes
    reference_colors = LABEL_COLORS if case.reference.data.max() > max(_CLASS_COLORS) else None
    pictures = [
        draw_slice(case.volume, case.reference, view, reference_colors or _CLASS_COLORS),
        draw_slice(case.volume, labels, view, LABEL_COLORS if is_named else _CLASS_COLORS),
    ]
    return Image.fromarray(np.concatenate(pictures, axis=1))
