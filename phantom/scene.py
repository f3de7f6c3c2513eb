"""What every painter needs: the canvas, the signals, the subject and its curves."""

from dataclasses import dataclass

import numpy as np

from phantom import texture
from phantom.canal import CanalCurve
from phantom.canvas import Canvas, Field, Region
from phantom.curve import Skeleton
from phantom.signals import Palette
from phantom.subjects import Subject

_MARROW_LENGTH_MM = (0.9, 0.75, 0.9)
_EDGE_LENGTH_MM = (3.0, 3.0, 3.0)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One subject in front of one series.

    Attributes
    ----------
    voxel_mm : mean in-plane and slice size, over which fine texture averages out
    """

    canvas: Canvas
    palette: Palette
    subject: Subject
    skeleton: Skeleton
    canal: CanalCurve
    voxel_mm: float

    def textured(
        self, region: Region, length_mm: tuple[float, float, float], spread: float, key: int
    ) -> Field:
        """Return a factor around 1 with a relative SD of `spread`, never below 0.1.

        The SD shrinks as the voxel outgrows the texture's length.
        """
        place = region.right, region.anterior, region.superior
        return self.textured_at(place, length_mm, spread, key)

    def textured_at(
        self,
        place: tuple[Field, Field, Field],
        length_mm: tuple[float, float, float],
        spread: float,
        key: int,
    ) -> Field:
        """Return the same factor at any coordinates in mm, such as those along a curve."""
        spread *= _averaged(self.voxel_mm, min(length_mm))
        offset = texture.offset_of(self.subject.seed, key)
        values = texture.sample(texture.tile(length_mm), place, offset)
        factor: Field = np.maximum(1 + np.float32(spread) * values, np.float32(0.1))
        return factor

    def marrow_texture(self, region: Region, key: int) -> Field:
        """Return the factor of bone marrow: trabecular fat and veins, length 1.5 mm (SPIDER)."""
        return self.textured(region, _MARROW_LENGTH_MM, self.subject.person.build.grain, key)

    def wavering(self, region: Region, size_mm: float, key: int) -> Field:
        """Return a smooth irregularity for a bone's edge, SD `size_mm`."""
        values = texture.sample(
            texture.tile(_EDGE_LENGTH_MM),
            (region.right, region.anterior, region.superior),
            texture.offset_of(self.subject.seed, 50, key),
        )
        wave: Field = np.float32(size_mm) * values
        return wave


def _averaged(voxel_mm: float, length_mm: float) -> float:
    """Share of a Gaussian texture's SD that survives a voxel of this size, per two axes."""
    return float(1 / (1 + (voxel_mm / (3.5 * length_mm)) ** 2))
