"""The curved spine: a frame for every vertebra, disc and sacral segment.

Angles follow anatomy 2: the tilt of disc planes from L5/S1 to T12/L1 is measured on 24 supine
patients (SPIDER); thoracic and cervical curvature is taken from Yukawa 2018 (standing, n=626),
less what lying down takes away.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phantom.dimensions import disc_height_mm
from phantom.frames import Frame, tilted_axes
from phantom.laws import DiscState
from phantom.subjects import Subject, VertebraState
from spine.anatomy.levels import Level, Region

# Tilt of disc planes relative to T12/L1, as a share of the lordosis, L5/S1 to T12/L1 (SPIDER).
_LORDOSIS_SHARE = (1.0, 0.51, 0.254, 0.081, 0.016, 0.0)
# Sacral segments: tilt against S1's endplate, degrees, and height, width, depth, mm (memory).
_SACRUM_TILT = (4.0, 0.0, -12.0, -33.0, -56.0)
_SACRUM_HEIGHT = (29.0, 24.0, 20.0, 17.0, 15.0)
_SACRUM_WIDTH = (50.0, 38.0, 30.0, 25.0, 20.0)
_SACRUM_DEPTH = (31.0, 21.0, 16.0, 12.0, 9.0)
_SACRAL_DISC_MM = 2.0
# How far a disc bows into the body above and into the body below, mm: disc height at the
# center less that at the rims (SPIDER), more of it in the body above (memory).
_BOW = {Region.CERVICAL: (0.7, 0.5), Region.THORACIC: (0.6, 0.4), Region.LUMBAR: (1.9, 1.1)}


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A vertebral body in place.

    Attributes
    ----------
    frame : origin at the center of the body
    height : at the rim, mean of anterior and posterior, mm
    wedge : anterior minus posterior height, mm
    concavity_up, concavity_low : depth of the endplates' centers, mm
    """

    state: VertebraState
    frame: Frame
    height: float
    wedge: float
    concavity_up: float
    concavity_low: float


@dataclass(frozen=True, slots=True, eq=False)
class Disc:
    """A disc in place.

    Attributes
    ----------
    frame : origin at the center
    height : at mid-depth, mm; `rim` at the edge
    wedge_angle : opening to the front, radians
    width, depth : of the adjacent endplates, mm
    bow_up, bow_low : how far its upper and lower surface bulge into the bodies, mm
    """

    state: DiscState
    frame: Frame
    height: float
    rim: float
    wedge_angle: float
    width: float
    depth: float
    bow_up: float
    bow_low: float


@dataclass(frozen=True, slots=True, eq=False)
class SacralSegment:
    """A sacral vertebra in place, mm."""

    frame: Frame
    height: float
    width: float
    depth: float


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """The spine in place, each from head to foot."""

    bodies: tuple[Body, ...]
    discs: tuple[Disc, ...]
    sacrum: tuple[SacralSegment, ...]

    def body(self, level: Level) -> Body:
        """Return one body; StopIteration if the person lacks it."""
        return next(body for body in self.bodies if body.state.level is level)


def build_skeleton(subject: Subject) -> Skeleton:
    """Place the spine in world space, the midpoint between C2 and S1 at height 0."""
    tilts = disc_tilts(subject)
    leans = _lateral_leans(subject, len(tilts))
    bodies, discs = _stack(subject, tilts, leans)
    sacrum = _place_sacrum(subject, tilts[-1], leans[-1])
    middle = (bodies[1].frame.origin + sacrum[0].frame.origin) / 2
    return Skeleton(
        tuple(_shifted_body(body, middle) for body in bodies),
        tuple(_shifted_disc(disc, middle) for disc in discs),
        tuple(SacralSegment(_shift(s.frame, middle), s.height, s.width, s.depth) for s in sacrum),
    )


def disc_tilts(subject: Subject) -> NDArray[np.float64]:
    """Return the forward lean of each disc's normal from C2/C3 down to the sacrum, radians."""
    posture, variant = subject.person.posture, subject.variant
    age = max(0.0, subject.biological_age_years - 40) / 10
    kyphosis = posture.kyphosis + age * (2.0 if subject.sex == "F" else 1.5)
    lumbar = np.interp(
        np.linspace(0, 1, variant.lumbar + 1), np.linspace(0, 1, 6), _LORDOSIS_SHARE
    )[::-1]
    top = posture.top_of_lumbar
    lordosis = posture.lordosis - age * 1.5
    down = np.arange(variant.thoracic + 1) / variant.thoracic
    thoracic = top + kyphosis * (1 + np.cos(np.pi * down)) / 2
    share = np.linspace(1, 0, 6, endpoint=False)
    cervical = np.clip(thoracic[0] - (posture.cervical + age) * share, -8, 26)
    degrees = np.concatenate([cervical[1:], thoracic[:-1], top + lordosis * lumbar])
    tilts: NDArray[np.float64] = np.deg2rad(degrees)
    return tilts


def _lateral_leans(subject: Subject, count: int) -> NDArray[np.float64]:
    """Return the rightward lean per disc: slow waves, and one bump of scoliosis."""
    posture = subject.person.posture
    t = np.linspace(0, 1, count)
    lean = np.zeros(count)
    for order, (size, phase) in enumerate(zip(posture.wander, posture.wander_phase, strict=True)):
        lean += size * np.cos(np.pi * (order + 1) * t + phase)
    reach = 0.18
    bend = (t - posture.cobb_center) / reach
    lean += subject.scoliosis_cobb / 2 * np.sin(np.pi * np.clip(bend, -1, 1))
    return np.deg2rad(lean)


def _stack(
    subject: Subject, tilts: NDArray[np.float64], leans: NDArray[np.float64]
) -> tuple[list[Body], list[Disc]]:
    """Build upwards from the sacral endplate at the origin."""
    position = np.zeros(3)
    bodies: list[Body] = []
    discs: list[Disc] = []
    states = subject.vertebrae
    for index in range(len(states) - 1, 0, -1):
        low = index - 1  # the disc below vertebra `index` is number index - 1, from C2/C3
        above = tilts[low - 1] if low > 0 else tilts[low] - np.deg2rad(2)
        lean_above = leans[low - 1] if low > 0 else leans[low]
        body_axes = tilted_axes((tilts[low] + above) / 2, (leans[low] + lean_above) / 2)
        disc = _disc(subject, index, Frame(position, tilted_axes(tilts[low], leans[low])))
        slip = disc.state.slip_mm
        position = position + disc.frame.axes[2] * disc.rim + disc.frame.axes[1] * slip
        body = _body(states[index], Frame(position, body_axes))
        position = position + body_axes[2] * body.height
        discs.insert(0, disc)
        bodies.insert(0, body)
    bodies.insert(0, _atlas(states[0], bodies[0]))
    return bodies, discs


def _body(state: VertebraState, bottom: Frame) -> Body:
    size = state.size
    front = size.height_post * size.height_ratio * (1 - state.wedge_fracture)
    height = (front + size.height_post * (1 - state.wedge_fracture / 3)) / 2
    low, up = _BOW[state.level.region]
    return Body(state, bottom.moved(0, 0, height / 2), height, front - size.height_post, up, low)


def _disc(subject: Subject, index: int, bottom: Frame) -> Disc:
    above = subject.vertebrae[index]
    state = subject.discs[index - 1]
    is_last = index + 1 == len(subject.vertebrae)
    young = disc_height_mm(above.level, subject.variant) * subject.person.build.height
    height = max(young * state.height_factor, 1.4)
    bow_up, bow_low = _BOW[above.level.region]
    rim = max(height - bow_up - bow_low, 1.0)
    below = above.size if is_last else subject.vertebrae[index + 1].size
    return Disc(
        state=state,
        frame=bottom.moved(0, 0, rim / 2),
        height=height,
        rim=rim,
        wedge_angle=0.0,
        width=(above.size.width_low + below.width_up) / 2,
        depth=(above.size.depth_low + below.depth_up) / 2,
        bow_up=bow_up,
        bow_low=bow_low,
    )


def _atlas(state: VertebraState, axis: Body) -> Body:
    """C1 rides on C2: its ring lies at the height of the dens."""
    frame = axis.frame.moved(0, 0, axis.height / 2 + 9)
    return Body(state, frame, state.size.height_post, 0.0, 0.0, 0.0)


def _place_sacrum(subject: Subject, tilt: float, lean: float) -> list[SacralSegment]:
    scale = subject.person.build
    segments: list[SacralSegment] = []
    top = np.zeros(3)
    for index, angle in enumerate(_SACRUM_TILT):
        axes = tilted_axes(tilt + np.deg2rad(angle), lean)
        height = _SACRUM_HEIGHT[index] * scale.height
        segments.append(
            SacralSegment(
                Frame(top - axes[2] * height / 2, axes),
                height,
                _SACRUM_WIDTH[index] * scale.width,
                _SACRUM_DEPTH[index] * scale.width,
            )
        )
        top = top - axes[2] * (height + _SACRAL_DISC_MM)
    return segments


def _shift(frame: Frame, by: NDArray[np.float64]) -> Frame:
    return Frame(frame.origin - by, frame.axes)


def _shifted_body(body: Body, by: NDArray[np.float64]) -> Body:
    return replace(body, frame=_shift(body.frame, by))


def _shifted_disc(disc: Disc, by: NDArray[np.float64]) -> Disc:
    return replace(disc, frame=_shift(disc.frame, by))
