"""What the service asks of its worker."""

from collections.abc import Callable
from dataclasses import dataclass

from app.service.records import RunOutcome


@dataclass(frozen=True, slots=True)
class Job:
    """One study to analyze: paths and codes only.

    Attributes
    ----------
    input, output : folders; `output` exists and is empty
    priors : folder with our earlier reports on the patient; None if there is none
    analysis_time : ISO 8601 with offset
    previous : folder of the run whose result this one would replace; None if there is none
    """

    run_id: str
    input: str
    priors: str | None
    output: str
    profile: str
    analysis_time: str
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take before its worker is killed.

    Attributes
    ----------
    memory_bytes : resident in the worker; 0 for no limit
    """

    timeout_s: float
    memory_bytes: int = 0


Analyze = Callable[[Job], RunOutcome]
LoadAnalysis = Callable[[], Analyze]
