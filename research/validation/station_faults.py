"""Stations with planted faults: each that is joined would be the age of a spine that nobody has."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from phantom.stations import mirrored, moved, recontrasted
from research.measurements import Data, Measurement
from spine.errors import GeometryError
from spine.imaging.joining import JoinLimits, join
from spine.imaging.volume import Volume

Stations = tuple[Volume, ...]


def refusals(stations: Stations, limits: JoinLimits) -> dict[str, str]:
    """Spoil two good stations in every way; return each refusal's code, empty where joined."""
    return {fault: _code(spoil(stations), limits) for fault, spoil in FAULTS.items()}


def fault_figures(subjects: Sequence[Mapping[str, str]]) -> list[Measurement]:
    """Count the faults that passed, each of which would be a wrong number.

    Parameters
    ----------
    subjects : of each the code with which each fault was refused, empty where it was joined
    """
    return [
        Measurement(
            f"2 stations, {fault}: joined",
            float(sum(not codes[fault] for codes in subjects)),
            "cases", Data.SYNTHETIC, len(subjects), 0, "lower",
        )
        for fault in FAULTS
    ]  # fmt: skip


def _code(stations: Stations, limits: JoinLimits) -> str:
    try:
        join(stations, limits)
    except GeometryError as error:
        return str(error.code)
    return ""


def _lower(change: Callable[[Volume], Volume]) -> Callable[[Stations], Stations]:
    """Spoil the lower of two stations."""
    return lambda stations: (stations[0], change(stations[1]))


FAULTS: dict[str, Callable[[Stations], Stations]] = {
    "mirrored left to right": _lower(mirrored),
    "mirrored head to foot": _lower(partial(mirrored, axis=2)),
    "moved 3 mm along the spine": _lower(partial(moved, shift_mm=(0, 0, 3))),
    "moved 3 mm to the front": _lower(partial(moved, shift_mm=(0, 3, 0))),
    "moved 4 mm to the side": _lower(partial(moved, shift_mm=(4, 0, 0))),
    "moved 25 mm along the spine": _lower(partial(moved, shift_mm=(0, 0, 25))),
    "turned by 2 degrees": _lower(partial(moved, shift_mm=(0, 0, 0), turn_degrees=2)),
    "another contrast": _lower(recontrasted),
}
"""What must be refused, and how two stations are spoiled."""
