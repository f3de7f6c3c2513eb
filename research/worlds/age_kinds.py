"""Studies that must have no spine age, and hard ones that must: derived from rendered subjects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import numpy as np

from phantom.protocols import CERVICAL_T2, Contrast, Protocol
from phantom.rendering import render
from phantom.subjects import Subject
from research.worlds.artifacts import ARTIFACTS, clipped, inverted, spoiled
from spine.anatomy.grades import Bulging
from spine.anatomy.labels import VERTEBRA_LABELS
from spine.anatomy.levels import Level
from spine.imaging.volume import LabelMap, Volume


class Kind(StrEnum):
    """What is put in; those of `IN_SCOPE` must get an age, the others none."""

    PLAIN = "plain"
    MILD_ARTIFACT = "mild artifact"
    FRACTURE = "fracture"
    SCOLIOSIS = "scoliosis"
    SEVERE_DISEASE = "severe disease"
    AGE_12 = "age 12"
    AGE_90 = "age 90"
    AGE_UNKNOWN = "age unknown"
    EMPTY_MASK = "empty mask"
    T1_WEIGHTED = "T1-weighted"
    FEW_SLICES = "stack of 5 mm"
    LUMBAR_ONLY = "lumbar only"
    CERVICAL_ONLY = "cervical only"
    CUT_SPINE = "spine cut at one end"
    BRAIN = "brain"
    NO_SIGNAL = "no signal"
    HEAVY_ARTIFACT = "heavy artifact"
    WRONG_INTENSITIES = "wrong intensities"
    WRONG_SPACING = "wrong spacing"


IN_SCOPE = (
    Kind.PLAIN,
    Kind.MILD_ARTIFACT,
    Kind.FRACTURE,
    Kind.SCOLIOSIS,
    Kind.SEVERE_DISEASE,
)
DISEASES = (Kind.FRACTURE, Kind.SCOLIOSIS, Kind.SEVERE_DISEASE)
OUT_OF_SCOPE = tuple(kind for kind in Kind if kind not in IN_SCOPE)

PATIENT_YEARS: Mapping[Kind, float | None] = {
    Kind.AGE_12: 12.0,
    Kind.AGE_90: 90.0,
    Kind.AGE_UNKNOWN: None,
}
"""Ages that stand in the header instead of the subject's."""

# How far a lumbar and a cervical field of view reach from the middle of L3 and of C5, mm.
_LUMBAR_MM, _CERVICAL_MM = 140.0, 110.0
_HEAD_MM = 460.0
_FEW_MM = 5.0
_MISSCALED = 0.55
_NOISE_LEVEL = 20.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A whole spine as rendered, and whose it is.

    Attributes
    ----------
    labels : true ones, canonical like the volume
    """

    subject: Subject
    protocol: Protocol
    volume: Volume
    labels: LabelMap


def disease_of(person: Subject) -> Kind:
    """Name what a subject of the diseased part was drawn for; a rarer disease before others."""
    if any(state.wedge_fracture for state in person.vertebrae):
        return Kind.FRACTURE
    if any(disc.bulging >= Bulging.EXTRUSION for disc in person.discs):
        return Kind.SEVERE_DISEASE
    return Kind.SCOLIOSIS


def image_of(kind: Kind, rendered: Rendered, rng: np.random.Generator) -> Volume:
    """Return the image of a kind; kinds of other header or age have the plain one."""
    make = _IMAGES.get(kind)
    return rendered.volume if make is None else make(rendered, rng)


def t1_weighted(protocol: Protocol) -> Protocol:
    """Return the protocol with the timing of a T1-weighted spin echo."""
    return replace(
        protocol,
        name="T1 TSE whole spine sag",
        contrast=Contrast.T1,
        repetition_time_ms=550.0,
        echo_time_ms=10.0,
        echo_train_length=4,
    )


def _artifact(rendered: Rendered, rng: np.random.Generator, *, heavy: bool) -> Volume:
    name = list(ARTIFACTS)[int(rng.integers(len(ARTIFACTS)))]
    return spoiled(rendered.volume, name, heavy=heavy, rng=rng)


def _lumbar(rendered: Rendered, _: np.random.Generator) -> Volume:
    return _around(rendered, Level.L3, _LUMBAR_MM)


def _cervical(rendered: Rendered, _: np.random.Generator) -> Volume:
    return _around(rendered, Level.C5, _CERVICAL_MM)


def _cut(rendered: Rendered, rng: np.random.Generator) -> Volume:
    """Show nothing below L2, or nothing above C6."""
    top = rendered.volume.data.shape[2]
    if rng.random() < 0.5:
        return _rows(rendered.volume, _extent(rendered.labels, Level.L2)[0], top)
    return _rows(rendered.volume, 0, _extent(rendered.labels, Level.C6)[1])


def _brain(rendered: Rendered, rng: np.random.Generator) -> Volume:
    """Image the head anew, since a spine's field of view ends in it; show nothing below C1."""
    protocol = replace(
        CERVICAL_T2,
        rows=round(_HEAD_MM / rendered.protocol.pixel_spacing_mm),
        columns=rendered.protocol.columns,
        pixel_spacing_mm=rendered.protocol.pixel_spacing_mm,
        acquired_pixel_mm=rendered.protocol.acquired_pixel_mm,
    )
    found = render(rendered.subject, protocol, rng, sub_slices=1)
    first = _extent(found.labels, Level.C2)[1] + round(20 / protocol.pixel_spacing_mm)
    return _rows(found.volume, first, found.volume.data.shape[2])


def _no_signal(rendered: Rendered, rng: np.random.Generator) -> Volume:
    """Noise alone, as of a coil that is not plugged in, in the field of view of a lumbar spine."""
    view = _lumbar(rendered, rng)
    real, imaginary = rng.normal(0, _NOISE_LEVEL, (2, *view.data.shape))
    return Volume(np.rint(np.hypot(real, imaginary)).astype(np.float32), view.affine)


def _wrong_intensities(rendered: Rendered, rng: np.random.Generator) -> Volume:
    if rng.random() < 0.5:
        return inverted(rendered.volume)
    return clipped(rendered.volume, rendered.labels.data > 0)


def _wrong_spacing(rendered: Rendered, _: np.random.Generator) -> Volume:
    affine = rendered.volume.affine.copy()
    affine[:3, :3] *= _MISSCALED
    return Volume(rendered.volume.data, affine)


def _few_slices(rendered: Rendered, _: np.random.Generator) -> Volume:
    """Keep the slices within 5 mm around the middle."""
    volume = rendered.volume
    slices = volume.data.shape[0]
    kept = max(1, int(_FEW_MM // volume.grid.spacing_mm[0]))
    return _part(volume, 0, (slices - kept) // 2, (slices - kept) // 2 + kept)


def _around(rendered: Rendered, level: Level, reach_mm: float) -> Volume:
    low, high = _extent(rendered.labels, level)
    middle, reach = (low + high) / 2, reach_mm / rendered.volume.grid.spacing_mm[2]
    top = rendered.volume.data.shape[2]
    return _rows(rendered.volume, max(0, round(middle - reach)), min(top, round(middle + reach)))


def _extent(labels: LabelMap, level: Level) -> tuple[int, int]:
    """Return the first row of a vertebra from below and the one past its last."""
    found = (labels.data == VERTEBRA_LABELS[level]).any(axis=(0, 1)).nonzero()[0]
    return int(found.min()), int(found.max()) + 1


def _rows(volume: Volume, first: int, end: int) -> Volume:
    return _part(volume, 2, first, end)


def _part(volume: Volume, axis: int, first: int, end: int) -> Volume:
    """Keep what lies from `first` to before `end` along an axis, where it is in the world."""
    affine = volume.affine.copy()
    affine[:3, 3] += first * affine[:3, axis]
    kept = np.take(volume.data, range(first, end), axis=axis)
    return Volume(np.ascontiguousarray(kept), affine)


_IMAGES: Mapping[Kind, Callable[[Rendered, np.random.Generator], Volume]] = {
    Kind.MILD_ARTIFACT: partial(_artifact, heavy=False),
    Kind.HEAVY_ARTIFACT: partial(_artifact, heavy=True),
    Kind.LUMBAR_ONLY: _lumbar,
    Kind.CERVICAL_ONLY: _cervical,
    Kind.CUT_SPINE: _cut,
    Kind.BRAIN: _brain,
    Kind.NO_SIGNAL: _no_signal,
    Kind.WRONG_INTENSITIES: _wrong_intensities,
    Kind.WRONG_SPACING: _wrong_spacing,
    Kind.FEW_SLICES: _few_slices,
}
