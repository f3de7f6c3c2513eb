"""MR protocols: what is acquired, and what the header says about it."""

from dataclasses import dataclass
from enum import StrEnum


class Contrast(StrEnum):
    """Weighting of a series."""

    T1 = "T1"
    T2 = "T2"
    STIR = "STIR"


class Plane(StrEnum):
    """Orientation of the slices."""

    SAGITTAL = "sagittal"
    AXIAL = "axial"
    CORONAL = "coronal"


class Vendor(StrEnum):
    """Whose headers and image habits are imitated."""

    PHILIPS = "Philips"
    SIEMENS = "Siemens"


class Coverage(StrEnum):
    """The part of the spine in the field of view."""

    WHOLE_SPINE = "whole spine"
    CERVICAL = "cervical"
    LUMBAR = "lumbar"


@dataclass(frozen=True, slots=True)
class Protocol:
    """One series as planned on the scanner.

    Attributes
    ----------
    rows, columns, slices : image size; a sagittal row runs anterior to posterior
    pixel_spacing_mm : reconstructed, equal along rows and columns
    acquired_pixel_mm : resolution of the measured k-space; coarser than the reconstructed
    slice_thickness_mm, slice_spacing_mm : spacing is center to center, thickness plus gap
    oblique_degrees : rotation of the stack about the superior and the anterior axis
    """

    name: str
    contrast: Contrast
    plane: Plane
    coverage: Coverage
    vendor: Vendor
    rows: int
    columns: int
    slices: int
    pixel_spacing_mm: float
    acquired_pixel_mm: float
    slice_thickness_mm: float
    slice_spacing_mm: float
    repetition_time_ms: float
    echo_time_ms: float
    echo_train_length: int
    field_strength_t: float = 1.5
    inversion_time_ms: float | None = None
    oblique_degrees: tuple[float, float] = (0.0, 0.0)
