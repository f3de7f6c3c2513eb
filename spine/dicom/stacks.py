"""A series split into stacks: frames that may form one volume."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np

from spine.dicom.frames import Frame

# Fewer frames than this are no stack of their own: they are strays in another one, which
# then is refused for its mixed orientations or sizes.
_SMALLEST_STACK = 3

# Cosines that differ by less belong to one orientation; 16 characters hold far more digits.
_SAME_COSINES = 1e-3
_SAME_POSITION_MM = 0.01

Stack = tuple[Frame, ...]


def split_stacks(frames: Sequence[Frame]) -> tuple[Stack, ...]:
    """Split by contrast, then by size and orientation, then by place, then by acquisition."""
    by_contrast = _grouped(frames, _contrast)
    by_geometry = [part for group in by_contrast for part in _split_geometry(group)]
    by_place = [part for group in by_geometry for part in _split_places(group)]
    return tuple(part for group in by_place for part in _split_acquisitions(group))


def is_same_orientation(first: Frame, second: Frame) -> bool:
    """Whether two frames lie parallel, rows along rows."""
    if first.plane is None or second.plane is None:
        return first.plane is second.plane
    cosines = [
        plane.affine[:3, :2] / np.linalg.norm(plane.affine[:3, :2], axis=0)
        for plane in (first.plane, second.plane)
    ]
    return bool(np.abs(cosines[0] - cosines[1]).max() < _SAME_COSINES)


def is_same_size(first: Frame, second: Frame) -> bool:
    """Whether two frames have as many pixels, of the same size."""
    one, other = first.plane, second.plane
    if one is None or other is None:
        return one is other
    spacings = [np.linalg.norm(plane.affine[:3, :2], axis=0) for plane in (one, other)]
    return (one.rows, one.columns) == (other.rows, other.columns) and np.allclose(
        spacings[0], spacings[1], rtol=1e-3
    )


def has_duplicate_positions(frames: Iterable[Frame]) -> bool:
    """Whether two frames of a stack lie in one plane."""
    origins = [frame.plane.affine[:3, 3] for frame in frames if frame.plane is not None]
    normals = [frame.plane.affine[:3, 2] for frame in frames if frame.plane is not None]
    heights = np.sort([float(normals[0] @ origin) for origin in origins])
    return bool((np.diff(heights) < _SAME_POSITION_MM).any())


def _contrast(frame: Frame) -> Hashable:
    """Return what tells echoes, phases, components and declared stacks of a series apart."""
    echo = frame.number("EffectiveEchoTime") or frame.number("EchoTime")
    return (
        frame.image_type,
        None if echo is None else round(echo, 1),
        frame.text("EchoNumbers"),
        frame.text("StackID"),
        frame.text("TemporalPositionIndex") or frame.text("TemporalPositionIdentifier"),
        frame.number("DiffusionBValue"),
    )


def _split_geometry(frames: Stack) -> tuple[Stack, ...]:
    parts = _clustered(
        frames, lambda one, other: is_same_size(one, other) and is_same_orientation(one, other)
    )
    return parts if min(map(len, parts)) >= _SMALLEST_STACK else (frames,)


def _split_places(frames: Stack) -> tuple[Stack, ...]:
    """Take stations apart that lie in the same planes, one above the other, in one series."""
    if any(frame.plane is None for frame in frames) or not has_duplicate_positions(frames):
        return (frames,)
    parts = _clustered(frames, _is_same_place)
    is_clean = min(map(len, parts)) >= _SMALLEST_STACK and not any(
        has_duplicate_positions(part) for part in parts
    )
    return parts if is_clean else (frames,)


def _is_same_place(first: Frame, second: Frame) -> bool:
    """Whether two parallel frames lie one behind the other, to within a pixel."""
    if first.plane is None or second.plane is None:
        return False
    offset = np.linalg.solve(
        first.plane.affine[:3, :3], second.plane.affine[:3, 3] - first.plane.affine[:3, 3]
    )
    return bool(np.abs(offset[:2]).max() < 1)


def _split_acquisitions(frames: Stack) -> tuple[Stack, ...]:
    """Take repetitions apart; slices of one stack may come from several acquisitions as well."""
    if any(frame.plane is None for frame in frames) or not has_duplicate_positions(frames):
        return (frames,)
    parts = _grouped(
        frames,
        lambda frame: frame.text("FrameAcquisitionNumber") or frame.text("AcquisitionNumber"),
    )
    is_clean = len({len(part) for part in parts}) == 1 and not any(
        has_duplicate_positions(part) for part in parts
    )
    return parts if is_clean else (frames,)


def _clustered(frames: Stack, is_alike: Callable[[Frame, Frame], bool]) -> tuple[Stack, ...]:
    """Put each frame to the first cluster whose first frame is like it."""
    clusters: list[list[Frame]] = []
    for frame in frames:
        for cluster in clusters:
            if is_alike(cluster[0], frame):
                cluster.append(frame)
                break
        else:
            clusters.append([frame])
    return tuple(tuple(cluster) for cluster in clusters)


def _grouped(frames: Iterable[Frame], key: Callable[[Frame], Hashable]) -> tuple[Stack, ...]:
    groups: defaultdict[Hashable, list[Frame]] = defaultdict(list)
    for frame in frames:
        groups[key(frame)].append(frame)
    return tuple(tuple(group) for group in groups.values())
