"""Where the age network looked: Grad-CAM at its last block (P1, section 4.4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.age.cells import (
    Box,
    Cells,
    cell_mm,
    share_above_c2,
    share_outside_spine,
    volume_from_cells,
)
from spine.errors import Caution, Code
from spine.findings_heat import AgeHeat, LimitedValue
from spine.imaging.volume import Volume
from spine.inference.models import HeatLimits
from spine.networks.age_head import AgeHead


@dataclass(frozen=True, slots=True, eq=False)
class LastBlock:
    """The map of the network's last block, float32 (channels, a, s, r), and what is behind it."""

    map: NDArray[np.float32]
    head: AgeHead

    @property
    def age_years(self) -> float:
        """Uncorrected."""
        return self.head.age_years(self.map)


def age_heat(last: LastBlock, box: Box, limits: HeatLimits | None) -> AgeHeat:
    """Find where a network looked, on the grid of the volume, and whether that is the spine.

    Parameters
    ----------
    limits : of the model's card; without them no caution is possible
    """
    evidence = grad_cam(last)
    heat, older = np.abs(evidence), np.maximum(evidence, 0)
    outside = LimitedValue(
        share_outside_spine(heat, box), None if limits is None else limits.outside_spine
    )
    above = LimitedValue(share_above_c2(heat, box), None if limits is None else limits.above_c2)
    return AgeHeat(
        older=_shown(older, box),
        younger=_shown(np.maximum(-evidence, 0), box),
        older_share=float(older.sum() / heat.sum()) if heat.any() else None,
        cell_mm=cell_mm(box.spec),
        outside_spine=outside,
        above_c2=above,
        cautions=_cautions(outside, above),
    )


def grad_cam(last: LastBlock) -> Cells:
    """Weigh each channel of the map by the mean of its gradient, and sum.

    Returns
    -------
    float64, shape (anterior, superior, right)
        Its positive part is the heat of "older", its negative part that of "younger": the
        negated gradient turns the sign of every weight.

    Source
    ------
    Selvaraju et al., Grad-CAM, equations 1 and 2 (P1, reference 43).
    """
    weights = last.head.gradient(last.map).mean(axis=(1, 2, 3), dtype=np.float64)
    evidence: Cells = np.tensordot(weights, last.map.astype(np.float64), axes=1)
    return evidence


def contrast(heat: Cells) -> Cells | None:
    """Show a map on a scale of 0 to 1 as P1's Figure 5 does.

    With x the share of a cell and n the number of cells, f = max(ln(n x), 1) runs from 1, up
    to e times the mean, to ln n, all in one cell; returned is (f - 1) / (ln n - 1).

    Parameters
    ----------
    heat : not negative

    Returns
    -------
    float64, same shape, or None: no positive evidence, which is not an even map

    Source
    ------
    P1, section 4.4, where n = 288; that x is a share: docs/adr/0028.
    """
    total = heat.sum()
    if not total > 0:
        return None
    stretched = np.log(np.maximum(heat.size * (heat / total), np.e))
    # Of fewer than three cells none can exceed e times their mean: f is 1, and nothing shows.
    highest = np.log(max(heat.size, 3)) - 1
    shown: Cells = (stretched - 1) / highest
    return shown


def _shown(heat: Cells, box: Box) -> Volume | None:
    cells = contrast(heat)
    return None if cells is None else volume_from_cells(cells, box.spec, box.labels.grid)


def _cautions(outside: LimitedValue, above: LimitedValue) -> tuple[Caution, ...]:
    found = []
    if outside.is_exceeded:
        reason = "The age network looked more than usual at places outside the spine."
        found.append(Caution(Code.HEAT_OUTSIDE_SPINE, reason))
    if above.is_exceeded:
        reason = "The age network looked more than usual above C2, near the brain."
        found.append(Caution(Code.HEAT_ABOVE_C2, reason))
    return tuple(found)
