"""One picture a study: every disc's region, slice by slice, as the networks get it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from research.training.discs.regions import Region, Regions
from spine.anatomy.levels import DiscLevel

_GAP = 2
_MARGIN = 44
# Of a standardized region: discs and marrow, with the fluid behind them saturated.
_DARKEST, _BRIGHTEST = -1.5, 2.0


def write_contact_sheets(regions: Regions, folder: Path, most: int | None) -> Iterator[Path]:
    """Write ``<patient_id>.png`` of each study, the first `most` of them; yield each path.

    Rows are discs from head to foot, columns slices from the patient's left; superior is up,
    anterior to the left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    patients = sorted({patient for patient, _ in regions.place})
    for patient in patients[:most]:
        own = {level: place for (name, level), place in regions.place.items() if name == patient}
        levels = sorted(own, key=lambda level: level.above.order)
        path = folder / f"{patient}.png"
        contact_sheet({level: regions.inputs[own[level]] for level in levels}).save(path)
        yield path


def contact_sheet(discs: dict[DiscLevel, Region]) -> Image.Image:
    """Lay out the regions of one study, in the order given."""
    strips = [_strip(region) for region in discs.values()]
    height = sum(len(strip) + _GAP for strip in strips)
    width = _MARGIN + max(strip.shape[1] for strip in strips)
    sheet = Image.new("L", (width, height))
    pen = ImageDraw.Draw(sheet)
    top = 0
    for level, strip in zip(discs, strips, strict=True):
        sheet.paste(Image.fromarray(strip), (_MARGIN, top))
        pen.text((2, top + len(strip) // 2 - 5), level.value, fill=255)
        top += len(strip) + _GAP
    return sheet


def _strip(region: Region) -> NDArray[np.uint8]:
    """Put a region's slices side by side, shape (rows, slices x (columns + gap))."""
    shown = (np.asarray(region, np.float32) - _DARKEST) / (_BRIGHTEST - _DARKEST)
    padded = np.pad(np.clip(shown, 0, 1), ((0, 0), (0, 0), (0, _GAP)))
    return np.asarray(np.hstack(list(padded)) * 255, np.uint8)
