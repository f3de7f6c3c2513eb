"""What page and metrics look at, over a register of a test's own."""

from collections.abc import Callable
from pathlib import Path

from app.service.counters import Arrivals, StepTimes
from app.service.health import Disk, Health
from app.service.metrics import Sources
from app.service.overview import Overview
from app.service.register import Register


def sources(register: Register, **changes: object) -> Sources:
    """Return sources in which all is well."""
    well: dict[str, Callable[[], bool]] = {"models": lambda: True}
    values: dict[str, object] = {
        "overview": Overview(register),
        "disk": Disk(register.root, 1000),
        "health": Health(("MainThread",), well),
        "arrivals": Arrivals(),
        "step_times": StepTimes(),
        "models": Path("nowhere"),
        "destinations": ("pacs",),
        "queues": ("inference", "deliver-pacs"),
        "studies_arriving": lambda: 3,
    }
    return Sources(**{**values, **changes})  # type: ignore[arg-type]
