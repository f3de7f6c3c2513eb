"""What the worker runs: the real graph, loaded in the child only."""

from datetime import datetime
from functools import partial
from pathlib import Path

from app.logs import log_to_stderr
from app.service.records import RunOutcome, State
from app.service.worker import Analyze, Job, LoadAnalysis
from app.settings import Settings


def graph_loader(settings: Settings) -> LoadAnalysis:
    """Return what the child calls once."""
    return partial(_load, settings)


def _load(settings: Settings) -> Analyze:
    # The parent only moves files: it starts in a second and stays free of torch and holoscan.
    from app.analysis import load_analysis  # noqa: PLC0415

    log_to_stderr(settings.log_format, "worker")
    analysis = load_analysis(settings)

    def analyze(job: Job) -> RunOutcome:
        outcome = analysis.run(
            Path(job.input), Path(job.output), datetime.fromisoformat(job.analysis_time), job.run_id
        )
        names = tuple(path.name for path in outcome.written)
        code = None if outcome.code is None else outcome.code.value
        return RunOutcome(State.WRITTEN if names else State.NOTHING_TO_SEND, code, names)

    return analyze
