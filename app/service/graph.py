"""What the worker runs: the real graph, loaded in the child only."""

from datetime import datetime
from functools import partial
from pathlib import Path

from app.logs import log_to_stderr
from app.service.records import RunOutcome, State
from app.service.worker import Analyze, Job, LoadAnalysis
from app.settings import Settings
from spine.errors import Code, SpineError


def graph_loader(settings: Settings) -> LoadAnalysis:
    """Return what the child calls once."""
    return partial(_load, settings)


def _load(settings: Settings) -> Analyze:
    # The parent only moves files: it starts in a second and stays free of torch and holoscan.
    from app.analysis import Analysis, load_analysis  # noqa: PLC0415

    log_to_stderr(settings.log_format, "worker")
    loaded: dict[str, Analysis] = {}
    of_profile: dict[str, Analysis] = {}
    for name in settings.profiles:
        chosen = settings.for_profile(name)
        models = chosen.models.model_dump_json()
        # Most profiles differ in who gets the results, not in the models.
        if models not in loaded:
            loaded[models] = load_analysis(chosen)
        of_profile[name] = loaded[models]

    def analyze(job: Job) -> RunOutcome:
        if job.profile not in of_profile:
            raise SpineError(Code.SETTINGS_INVALID, f"profile {job.profile} is not configured")
        outcome = of_profile[job.profile].run(
            Path(job.input),
            Path(job.output),
            datetime.fromisoformat(job.analysis_time),
            job.run_id,
            None if job.previous is None else Path(job.previous),
        )
        names = tuple(path.name for path in outcome.written)
        code = None if outcome.code is None else outcome.code.value
        return RunOutcome(State.WRITTEN if names else State.NOTHING_TO_SEND, code, names)

    return analyze
