"""Stations: stacks that image one spine in overlapping parts, found and checked by their headers.

Which stacks belong together is decided by where they lie and how they were acquired, never
by a name. What the pixels say is decided in `spine.imaging.joining`.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from spine.dicom.frames import Frame
from spine.dicom.rules import is_composed
from spine.dicom.stacks import Stack
from spine.errors import Code, GeometryError
from spine.imaging.joining import JoinLimits

_MOMENTS = (("AcquisitionDate", "AcquisitionTime"), ("SeriesDate", "SeriesTime"))


@dataclass(frozen=True, slots=True)
class StationSettings:
    """What makes a whole spine of stations (docs/adr/0102).

    Attributes
    ----------
    minimum_extent_mm : from head to foot, together
    minimum_growth : together over the longest stack alone; less is not worth a seam
    maximum_stations : that were measured
    maximum_gap_mm : between neighbors that are taken for stations, though not joined
    maximum_overhang_mm : by which another candidate may reach further to head or foot
    maximum_minutes : between the acquisitions of one sitting
    timing_tolerance : by how much of itself an echo or repetition time may differ
    joining : limits of what the pixels and the grids say
    """

    minimum_extent_mm: float = 500.0
    minimum_growth: float = 1.2
    maximum_stations: int = 3
    maximum_gap_mm: float = 50.0
    maximum_overhang_mm: float = 60.0
    maximum_minutes: float = 60.0
    timing_tolerance: tuple[float, float] = (0.1, 0.25)
    joining: JoinLimits = field(default_factory=JoinLimits)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Lowest and highest point of a stack, mm, toward the head."""

    bottom: float
    top: float

    @property
    def extent(self) -> float:
        return self.top - self.bottom


def find_stations(stacks: Sequence[Stack], settings: StationSettings) -> tuple[Stack, ...]:
    """Return the stacks that together show a whole spine, head to foot; none where none do.

    Stacks of one sitting and protocol are looked at first, then all of like slices, so that
    stations that do not fit each other are found and refused with the reason.

    Parameters
    ----------
    stacks : every candidate; of composed images none is a station
    """
    single = [stack for stack in stacks if not is_composed(stack[0])]
    placed = [(stack, reach) for stack in single if (reach := _reach(stack)) is not None]
    if not placed:
        return ()
    whole = _Reach(min(r.bottom for _, r in placed), max(r.top for _, r in placed))
    longest = max(reach.extent for _, reach in placed)
    for group in (*_grouped(placed, _protocol), *_grouped(placed, _slices)):
        chain = _chain(group, settings)
        if chain and _is_worth_it([reach for _, reach in chain], whole, longest, settings):
            return tuple(stack for stack, _ in chain)
    return ()


def require_one_acquisition(stacks: Sequence[Stack], settings: StationSettings) -> None:
    """Refuse stations of two sittings or of two contrasts, as their headers tell.

    Raises
    ------
    GeometryError
        ``OTHER_SITTING`` or ``OTHER_CONTRAST``.
    """
    firsts = [stack[0] for stack in stacks]
    if len({frame.text("FrameOfReferenceUID") for frame in firsts}) > 1:
        reason = "they count positions from different origins: the patient was positioned anew"
        raise GeometryError(Code.OTHER_SITTING, reason)
    moments = [moment for frame in firsts if (moment := _moment(frame)) is not None]
    minutes = (max(moments) - min(moments)).total_seconds() / 60 if moments else 0.0
    if minutes > settings.maximum_minutes:
        raise GeometryError(Code.OTHER_SITTING, f"they were acquired {minutes:.0f} minutes apart")
    echoes = [frame.number("EffectiveEchoTime") or frame.number("EchoTime") for frame in firsts]
    repetitions = [frame.number("RepetitionTime") for frame in firsts]
    for name, times, tolerance in zip(
        ("echo", "repetition"), (echoes, repetitions), settings.timing_tolerance, strict=True
    ):
        known = [time for time in times if time]
        if known and max(known) > (1 + tolerance) * min(known):
            apart = f"{min(known):.0f} and {max(known):.0f} ms"
            raise GeometryError(Code.OTHER_CONTRAST, f"their {name} times are {apart}")


def _reach(stack: Stack) -> _Reach | None:
    """Measure a stack by the corners of its first frame; None without geometry."""
    plane = stack[0].plane
    if plane is None:
        return None
    corners = np.array([[c, r, 0, 1] for c in (0, plane.columns) for r in (0, plane.rows)])
    heights = corners @ plane.affine[2]
    return _Reach(float(heights.min()), float(heights.max()))


_Placed = tuple[Stack, _Reach]


def _grouped(
    placed: Sequence[_Placed], key: Callable[[Frame], Hashable]
) -> Iterator[list[_Placed]]:
    groups: defaultdict[Hashable, list[_Placed]] = defaultdict(list)
    for item in placed:
        groups[key(item[0][0])].append(item)
    yield from groups.values()


def _protocol(frame: Frame) -> Hashable:
    plane = frame.plane
    size = None if plane is None else (plane.rows, plane.columns)
    echo = frame.number("EffectiveEchoTime") or frame.number("EchoTime") or 0
    reference = frame.text("FrameOfReferenceUID")
    return reference, size, frame.texts("PixelSpacing"), round(echo), _slices(frame)


def _slices(frame: Frame) -> Hashable:
    thickness = frame.number("SpacingBetweenSlices") or frame.number("SliceThickness") or 0
    return round(thickness, 1)


def _chain(group: Sequence[_Placed], settings: StationSettings) -> list[_Placed]:
    """Go from head to foot, each time to the stack that reaches lowest among those that follow."""
    chain = [max(group, key=lambda item: (item[1].top, -item[1].bottom))]
    while len(chain) <= settings.maximum_stations:
        end = chain[-1][1].bottom
        needed = end + settings.joining.placement.minimum_overlap_mm
        following = [
            item
            for item in group
            if item[1].bottom < end and item[1].top > end - settings.maximum_gap_mm
        ]
        if not following:
            break
        chain.append(min(following, key=lambda item: (item[1].top < needed, item[1].bottom)))
    return chain if 2 <= len(chain) <= settings.maximum_stations else []


def _is_worth_it(
    chain: Sequence[_Reach], whole: _Reach, longest: float, settings: StationSettings
) -> bool:
    """Whether a chain is long enough, longer than any stack, and leaves no candidate's end out."""
    joined = _Reach(chain[-1].bottom, chain[0].top)
    return (
        joined.extent >= settings.minimum_extent_mm
        and joined.extent >= settings.minimum_growth * longest
        and joined.bottom <= whole.bottom + settings.maximum_overhang_mm
        and joined.top >= whole.top - settings.maximum_overhang_mm
    )


def _moment(frame: Frame) -> datetime | None:
    """Return when a frame was acquired; None where no header tells."""
    texts = [frame.text("FrameAcquisitionDateTime"), frame.text("AcquisitionDateTime")]
    texts += ["".join(map(frame.text, pair)) if all(map(frame.text, pair)) else ""
              for pair in _MOMENTS]  # fmt: skip
    for text in texts:
        try:
            return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
