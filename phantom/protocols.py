"""MR protocols: what is acquired, and what the header says about it."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np


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
    tilt_degrees : about the right axis: turns sagittal slices in their plane
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
    tilt_degrees: float = 0.0


WHOLE_SPINE_T2 = Protocol(
    name="T2 TSE whole spine sag",
    contrast=Contrast.T2,
    plane=Plane.SAGITTAL,
    coverage=Coverage.WHOLE_SPINE,
    vendor=Vendor.SIEMENS,
    rows=793,
    columns=384,
    slices=14,
    pixel_spacing_mm=0.9,
    acquired_pixel_mm=1.1,
    slice_thickness_mm=3.0,
    slice_spacing_mm=3.3,
    repetition_time_ms=3500.0,
    echo_time_ms=100.0,
    echo_train_length=19,
)
"""P1's input grid (section 2.4); timing from anatomy 4, memory."""

WHOLE_SPINE_T2_PHILIPS = replace(
    WHOLE_SPINE_T2,
    name="T2W_TSE whole spine",
    vendor=Vendor.PHILIPS,
    rows=880,
    columns=432,
    slices=15,
    pixel_spacing_mm=0.78,
    acquired_pixel_mm=1.0,
    slice_thickness_mm=4.0,
    slice_spacing_mm=4.4,
    repetition_time_ms=3900.0,
    echo_time_ms=110.0,
    echo_train_length=28,
)

LUMBAR_T2 = Protocol(
    name="T2 TSE lumbar sag",
    contrast=Contrast.T2,
    plane=Plane.SAGITTAL,
    coverage=Coverage.LUMBAR,
    vendor=Vendor.SIEMENS,
    rows=448,
    columns=448,
    slices=11,
    pixel_spacing_mm=0.625,
    acquired_pixel_mm=0.83,
    slice_thickness_mm=5.0,
    slice_spacing_mm=6.0,
    repetition_time_ms=3320.0,
    echo_time_ms=85.0,
    echo_train_length=17,
)
"""P2's protocol: field of view 280 mm, matrix 448 x 336, 5 mm and a gap of 1 mm."""

LUMBAR_T2_PHILIPS = replace(
    LUMBAR_T2,
    name="T2W_TSE lumbar",
    vendor=Vendor.PHILIPS,
    rows=560,
    columns=560,
    slices=15,
    pixel_spacing_mm=0.536,
    acquired_pixel_mm=0.9,
    slice_thickness_mm=4.0,
    slice_spacing_mm=4.4,
    echo_time_ms=110.0,
    echo_train_length=26,
)

LUMBAR_T2_SPACE = replace(
    LUMBAR_T2,
    name="T2 SPACE lumbar sag",
    rows=640,
    columns=512,
    slices=40,
    pixel_spacing_mm=0.46875,
    acquired_pixel_mm=1.0,
    slice_thickness_mm=0.9,
    slice_spacing_mm=0.9,
    repetition_time_ms=1700.0,
    echo_time_ms=100.0,
    echo_train_length=80,
)
"""The grid of the 24 real patients (anatomy 5); its effective echo time is assumed."""

LUMBAR_T1 = replace(
    LUMBAR_T2,
    name="T1 TSE lumbar sag",
    contrast=Contrast.T1,
    repetition_time_ms=550.0,
    echo_time_ms=10.0,
    echo_train_length=4,
)

LUMBAR_STIR = replace(
    LUMBAR_T2,
    name="STIR lumbar sag",
    contrast=Contrast.STIR,
    repetition_time_ms=4200.0,
    echo_time_ms=60.0,
    echo_train_length=15,
    inversion_time_ms=160.0,
)

LUMBAR_AXIAL_T2 = replace(
    LUMBAR_T2,
    name="T2 TSE lumbar axial",
    plane=Plane.AXIAL,
    rows=320,
    columns=320,
    slices=25,
    slice_thickness_mm=4.0,
    slice_spacing_mm=4.4,
    repetition_time_ms=4000.0,
    echo_time_ms=100.0,
)

CERVICAL_T2 = replace(
    LUMBAR_T2,
    name="T2 TSE cervical sag",
    coverage=Coverage.CERVICAL,
    rows=384,
    columns=384,
    slices=13,
    slice_thickness_mm=3.0,
    slice_spacing_mm=3.3,
    echo_time_ms=100.0,
)

LOCALIZER = Protocol(
    name="Localizer",
    contrast=Contrast.T2,
    plane=Plane.CORONAL,
    coverage=Coverage.WHOLE_SPINE,
    vendor=Vendor.SIEMENS,
    rows=256,
    columns=256,
    slices=3,
    pixel_spacing_mm=1.95,
    acquired_pixel_mm=2.6,
    slice_thickness_mm=8.0,
    slice_spacing_mm=16.0,
    repetition_time_ms=1200.0,
    echo_time_ms=80.0,
    echo_train_length=128,
)


def coarser(protocol: Protocol, pixel_spacing_mm: float) -> Protocol:
    """Return the protocol over the same field of view with a larger pixel, for cheap renders."""
    ratio = pixel_spacing_mm / protocol.pixel_spacing_mm
    return replace(
        protocol,
        rows=max(8, round(protocol.rows / ratio)),
        columns=max(8, round(protocol.columns / ratio)),
        pixel_spacing_mm=pixel_spacing_mm,
        acquired_pixel_mm=max(protocol.acquired_pixel_mm, pixel_spacing_mm),
    )


def randomized(protocol: Protocol, rng: np.random.Generator) -> Protocol:
    """Vary spacing, thickness, extent and obliquity around a protocol, as sites differ.

    The ranges are assumptions that include anatomy 4; a field of view may lose up to a
    third of its rows or columns.
    """
    pixel = protocol.pixel_spacing_mm * float(rng.uniform(0.85, 1.25))
    thickness = protocol.slice_thickness_mm * float(rng.uniform(0.8, 1.35))
    rows, columns = rng.uniform(0.67, 1.1, 2)
    ratio = protocol.pixel_spacing_mm / pixel
    return replace(
        protocol,
        name=f"{protocol.name} randomized",
        rows=max(8, round(protocol.rows * ratio * float(rows))),
        columns=max(8, round(protocol.columns * ratio * float(columns))),
        slices=max(3, protocol.slices + int(rng.integers(-3, 4))),
        pixel_spacing_mm=pixel,
        acquired_pixel_mm=pixel * float(rng.uniform(1.0, 1.8)),
        slice_thickness_mm=thickness,
        slice_spacing_mm=thickness * float(rng.uniform(1.0, 1.25)),
        oblique_degrees=(float(rng.normal(0, 3)), float(rng.normal(0, 3))),
    )
