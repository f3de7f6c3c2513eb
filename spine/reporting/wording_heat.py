"""Every sentence about where the age network looked."""

from spine.findings_heat import AgeHeat, LimitedValue
from spine.reporting.wording import percent

TITLE = "SpineMAP: where the spine age network looked"
OLDER = "Made the answer older"
YOUNGER = "Made the answer younger"
NO_HEAT = "no positive evidence"
NOTE = (
    "These maps show where the network looked when it answered an age. They are no finding: "
    "a bright place need not be diseased, and a dark one need not be healthy."
)
LEGEND = "Share of the map's heat"
LEAST = "at most 2.7 times the mean"
MOST = "all in one cell"
SHARES_HEADING = "Where no heat is expected"
# Of the Parametric Map, at most 64 characters each.
MAP_DESCRIPTION = "Where the age network looked; no finding. Research use only."
MAP_VALUES = "Share of the map's heat, 0: at most e times the mean, 1: all"


def resolution(heat: AgeHeat) -> str:
    """Say how coarse the maps are."""
    anterior_mm, superior_mm = heat.cell_mm
    return (
        f"Grad-CAM of the last block. Its cells are {anterior_mm:.0f} mm from front to back and "
        f"{superior_mm:.0f} mm high, smoothed here, and do not tell the slices apart."
    )


def amount(share: float, *, is_even: bool) -> str:
    """Say how much of the heat a map holds: each is drawn on its own scale."""
    return f"{percent(share)} of all heat{', no place stands out' if is_even else ''}"


def shares(heat: AgeHeat) -> tuple[str, str]:
    """Say which share of the heat lies where none is expected, and what the card's limits are."""
    return (
        f"Outside the spine: {_share(heat.outside_spine)}",
        f"Above C2: {_share(heat.above_c2)}",
    )


def _share(share: LimitedValue) -> str:
    value = "not known" if share.value is None else percent(share.value)
    if share.limit is None:
        return f"{value}; the model's card states no limit"
    return f"{value}; limit {percent(share.limit)}"
