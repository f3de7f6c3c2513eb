"""The measured spine in results.json: every figure with its unit, at its level."""

import math
from typing import Any

from spine.anatomy.alignment import coronal_curve_degrees, curvature_degrees
from spine.anatomy.geometry import (
    BodyShape,
    Curvature,
    DiscGeometry,
    DiscShape,
    Listhesis,
    SpineGeometry,
    VertebraGeometry,
)
from spine.findings_heat import LimitedValue

Json = dict[str, Any]

# What was not measured is no number, and has no value in the results.
_UNKNOWN_BODY = BodyShape(*[math.nan] * 4)
_UNKNOWN_DISC = DiscShape(*[math.nan] * 4)
_UNKNOWN_SLIP = Listhesis(math.nan, math.nan)


def measures(spine: SpineGeometry) -> Json:
    """Turn measured geometry into the schema's vertebrae, discs and curvatures."""
    return {
        "mean_width": quantity(spine.mean_width_mm, "mm"),
        "vertebrae": [_vertebra(vertebra) for vertebra in spine.vertebrae],
        "discs": [_disc(disc) for disc in spine.discs],
        "curvatures": [
            {
                "name": str(curvature),
                "angle": quantity(curvature_degrees(spine, curvature), "degrees"),
            }
            for curvature in Curvature
        ],
        "coronal_curve": quantity(coronal_curve_degrees(spine), "degrees"),
    }


def quantity(value: float | None, unit: str) -> Json:
    """Give a number its unit; what could not be measured (NaN) has no value."""
    known = value is not None and math.isfinite(value)
    return {"value": float(value) if known and value is not None else None, "unit": unit}


def limited(item: LimitedValue | None, unit: str) -> Json:
    """Give a figure and its limit their unit; a limit without value can warn of nothing."""
    known = item or LimitedValue(None, None)
    return {"value": quantity(known.value, unit), "limit": quantity(known.limit, unit)}


def _vertebra(vertebra: VertebraGeometry) -> Json:
    shape = vertebra.shape or _UNKNOWN_BODY
    return {
        "level": str(vertebra.level),
        "center": list(vertebra.center),
        "width": quantity(vertebra.width_mm, "mm"),
        "height": quantity(vertebra.height_mm, "mm"),
        "anterior_height": quantity(shape.anterior_height_mm, "mm"),
        "middle_height": quantity(shape.middle_height_mm, "mm"),
        "posterior_height": quantity(shape.posterior_height_mm, "mm"),
        "wedge_ratio": quantity(shape.wedge_ratio, "1"),
        "wedge_angle": quantity(shape.wedge_degrees, "degrees"),
    }


def _disc(disc: DiscGeometry) -> Json:
    shape, slip = disc.shape or _UNKNOWN_DISC, disc.listhesis or _UNKNOWN_SLIP
    return {
        "level": str(disc.level),
        "center": list(disc.frame.center),
        "height": quantity(disc.height_mm, "mm"),
        "anterior_height": quantity(shape.anterior_height_mm, "mm"),
        "middle_height": quantity(shape.middle_height_mm, "mm"),
        "posterior_height": quantity(shape.posterior_height_mm, "mm"),
        "depth": quantity(shape.depth_mm, "mm"),
        "height_index": quantity(disc.height_index, "1"),
        "slip": quantity(slip.slip_mm, "mm"),
        "slip_share": quantity(slip.percent, "%"),
        "sac_diameter": quantity(disc.sac_diameter_mm, "mm"),
    }
