"""Virtual scanners of several clinics: whole-spine T2 protocols around P1's."""

from dataclasses import dataclass, replace

from phantom.protocols import WHOLE_SPINE_T2, WHOLE_SPINE_T2_PHILIPS, Protocol


@dataclass(frozen=True, slots=True)
class Scanner:
    """A scanner and the protocol that its clinic uses."""

    name: str
    clinic: str
    protocol: Protocol


# Timing, resolution and slices vary as between sites; the values are assumptions.
SCANNERS = (
    Scanner("S1", "A", WHOLE_SPINE_T2),
    Scanner(
        "S2",
        "A",
        replace(
            WHOLE_SPINE_T2, repetition_time_ms=3000.0, echo_time_ms=92.0, acquired_pixel_mm=1.25
        ),
    ),
    Scanner("P1", "B", WHOLE_SPINE_T2_PHILIPS),
    Scanner(
        "P2",
        "B",
        replace(
            WHOLE_SPINE_T2_PHILIPS,
            echo_time_ms=120.0,
            slice_thickness_mm=3.5,
            slice_spacing_mm=3.85,
        ),
    ),
    Scanner(
        "S3",
        "C",
        replace(WHOLE_SPINE_T2, echo_time_ms=108.0, slice_thickness_mm=4.0, slice_spacing_mm=4.4),
    ),
    Scanner(
        "S4",
        "D",
        replace(
            WHOLE_SPINE_T2,
            rows=650,
            columns=315,
            pixel_spacing_mm=1.1,
            acquired_pixel_mm=1.3,
            repetition_time_ms=4200.0,
        ),
    ),
)

HELD_OUT_SCANNERS = (
    Scanner(
        "S5",
        "E",
        replace(
            WHOLE_SPINE_T2,
            rows=714,
            columns=346,
            pixel_spacing_mm=1.0,
            acquired_pixel_mm=1.2,
            echo_time_ms=88.0,
            repetition_time_ms=3300.0,
        ),
    ),
    Scanner(
        "P3",
        "F",
        replace(
            WHOLE_SPINE_T2_PHILIPS,
            echo_time_ms=126.0,
            slices=12,
            slice_thickness_mm=5.0,
            slice_spacing_mm=5.5,
        ),
    ),
    Scanner("S6", "G", replace(WHOLE_SPINE_T2, acquired_pixel_mm=1.45, repetition_time_ms=2700.0)),
)
"""Of clinics whose images no network learns from."""
