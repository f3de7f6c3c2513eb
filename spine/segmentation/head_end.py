"""What a network calls spine inside the head: nothing thoracic lies above a neck."""

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap
from spine.segmentation.discs import DiscPiece, depth_below
from spine.segmentation.instances import Instances

# From a disc's middle to the body below it; 4.4 mm at most in 20 rendered spines.
APART_MM = 8.0
# Least share of cervical voxels of a body of the neck; of the false ones seen, 0.31 and 0.50.
NECK_SHARE = 0.7

_COLUMN = tuple(range(TissueClass.CERVICAL, TissueClass.DISC + 1))


def without_head(classes: LabelMap, instances: Instances) -> LabelMap | None:
    """Clear column classes above the neck where they cannot belong to it.

    They do not where the uppermost body is partly called something else than the neck below
    it, and the disc between the two does not lie on the latter.

    Returns
    -------
    The cleared map; None where nothing is to clear
    """
    bodies = instances.bodies
    if len(bodies) < 2 or bodies[1].region is not TissueClass.CERVICAL:
        return None
    number, share = bodies[1].discs_above, bodies[0].votes[0]
    if not number or share >= NECK_SHARE:
        return None
    disc = instances.discs[number - 1]
    below = bodies[1].voxels * np.asarray(instances.guide.spacing_mm)
    if float(depth_below(below, disc).min()) < APART_MM:
        return None
    cleared = classes.data.copy()
    found = instances.disc_numbers
    cleared[((found > 0) & (found <= number)) | _above(classes, disc)] = TissueClass.BACKGROUND
    return LabelMap(cleared, classes.affine)


def _above(classes: LabelMap, disc: DiscPiece) -> NDArray[np.bool_]:
    """Mark the column's voxels from a little below a disc's plane upward."""
    voxels = np.argwhere(np.isin(classes.data, _COLUMN))
    points = voxels * np.asarray(classes.grid.spacing_mm)
    marked = np.zeros(classes.data.shape, dtype=np.bool_)
    marked[tuple(voxels[depth_below(points, disc) < APART_MM / 2].T)] = True
    return marked
