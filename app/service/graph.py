"""What the worker runs: the real graph, loaded in the child only."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.logs import log_to_stderr
from app.service.jobs import Analyze, Job, LoadAnalysis
from app.service.records import RunOutcome, State
from app.settings import Settings
from spine.errors import Code, SpineError

if TYPE_CHECKING:
    from app.analysis import Analysis


def graph_loader(settings: Settings) -> LoadAnalysis:
    """Return what the child calls once."""
    return partial(_load, settings)


def _load(settings: Settings) -> Analyze:
    log_to_stderr(settings.log_format, "worker")
    analyses = _analyses(settings)

    def analyze(job: Job) -> RunOutcome:
        if job.profile not in analyses:
            raise SpineError(Code.SETTINGS_INVALID, f"profile {job.profile} is not configured")
        outcome = analyses[job.profile].run(
            Path(job.input),
            Path(job.output),
            datetime.fromisoformat(job.analysis_time),
            job.run_id,
            None if job.previous is None else Path(job.previous),
            None if job.priors is None else Path(job.priors),
        )
        names = tuple(path.name for path in outcome.written)
        code = None if outcome.code is None else outcome.code.value
        return RunOutcome(State.WRITTEN if names else State.NOTHING_TO_SEND, code, names)

    return analyze


def _analyses(settings: Settings) -> "dict[str, Analysis]":
    """Load the analysis of each profile; most differ in who gets the results, not in models."""
    # The parent only moves files: it starts in a second and stays free of torch and holoscan.
    from app.analysis import load_analysis  # noqa: PLC0415

    loaded: dict[str, Analysis] = {}
    of_profile: dict[str, Analysis] = {}
    for name in settings.profiles:
        chosen = settings.for_profile(name)
        models = chosen.models.model_dump_json()
        if models not in loaded:
            loaded[models] = load_analysis(chosen)
        of_profile[name] = loaded[models].writing_also(chosen.wanted_kinds())
    return of_profile
