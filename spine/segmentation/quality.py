"""How far a segmentation can be trusted: count, order, gaps, borders."""

import numpy as np

from spine.anatomy.labels import DISC_BY_LABEL
from spine.errors import Caution, Code
from spine.findings import Quality
from spine.imaging.volume import LabelMap
from spine.segmentation.labeling import Row

# Share of a disc's voxels on the first or last slice, row or column above which it is cut.
BORDER_SHARE = 0.02


def assess(row: Row, labels: LabelMap) -> Quality:
    """Judge a named row of vertebrae.

    Parameters
    ----------
    row : head to foot
    labels : values of `spine.anatomy.labels`, canonical orientation
    """
    cautions = [*_level_cautions(row), *_gap_cautions(row), *_border_cautions(labels)]
    return Quality(len(row.levels), row.is_certain, tuple(cautions))


def _level_cautions(row: Row) -> list[Caution]:
    if row.is_certain:
        return []
    if row.anchors.axis_above or row.anchors.sacrum_below:
        reason = "The number of vertebrae leaves more than one naming of the levels possible."
    else:
        reason = "Neither the sacrum nor C2 is in view; the names of the levels are a guess."
    return [Caution(Code.LEVEL_UNCERTAIN, reason)]


def _gap_cautions(row: Row) -> list[Caution]:
    return [
        Caution(
            Code.LEVEL_GAP,
            f"Below {row.levels[at]}, {count} vertebra{'e' if count > 1 else ''} "
            "could not be found.",
        )
        for at, count in row.gaps
    ]


def _border_cautions(labels: LabelMap) -> list[Caution]:
    """Warn of discs that the field of view cuts in front, behind, above or below.

    Sideways every stack of sagittal slices cuts them, which is no fault.
    """
    edges = [labels.data[:, 0], labels.data[:, -1], labels.data[..., 0], labels.data[..., -1]]
    on_edge = np.concatenate([edge.ravel() for edge in edges])
    counts = np.bincount(on_edge, minlength=256)
    sizes = np.bincount(labels.data.ravel(), minlength=256)
    return [
        Caution(Code.MASK_TOUCHES_BORDER, f"The field of view cuts the disc {level}.")
        for value, level in DISC_BY_LABEL.items()
        if counts[value] > BORDER_SHARE * max(1, sizes[value])
    ]
