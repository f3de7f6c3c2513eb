"""The graph of docs/architecture.md on the MONAI Deploy App SDK, and the analyzer that runs it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from operators.estimate_age import EstimateAgeOperator
from operators.load_study import LoadStudyOperator
from operators.predict_progression import PredictProgressionOperator
from operators.sdk import Application
from operators.segment_spine import SegmentSpineOperator
from operators.select_series import SelectSeriesOperator
from operators.write_results import WriteResultsOperator
from spine.dicom.loading import StudySource
from spine.errors import Code, SpineError
from spine.inference.models import Models
from spine.pipeline import ScienceSettings
from spine.reporting.writing import Outcome, RunContext


class SpineApplication(Application):
    """One study through the graph; `outcome` is set when it has run."""

    def __init__(
        self,
        source: StudySource,
        run: RunContext,
        models: Models,
        settings: ScienceSettings,
    ) -> None:
        self._source = source
        self._run = run
        self._models = models
        self._settings = settings
        self.outcome: Outcome | None = None
        # argv[0] is discarded; without any, the SDK would parse this process's own.
        super().__init__(argv=["spinemap"])

    def compose(self) -> None:
        """Connect the operators, port by port."""
        models, settings = self._models, self._settings
        load = LoadStudyOperator(self, self._source, settings, name="load_study")
        select = SelectSeriesOperator(self, settings, name="select_series")
        segment = SegmentSpineOperator(self, models, settings, name="segment_spine")
        age = EstimateAgeOperator(self, models, settings, name="estimate_age")
        discs = PredictProgressionOperator(self, models, settings, name="predict_progression")
        write = WriteResultsOperator(
            self, models, settings, self._run, self._keep, name="write_results"
        )
        self.add_flow(load, select, {("study", "study")})
        for reader in (segment, age, discs, write):
            self.add_flow(select, reader, {("selection", "selection")})
        for reader in (age, discs, write):
            self.add_flow(segment, reader, {("segmentation", "segmentation")})
        self.add_flow(age, write, {("age", "age")})
        self.add_flow(discs, write, {("discs", "discs")})

    def _keep(self, outcome: Outcome) -> None:
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Analyzer:
    """Runs the graph on one study after another with the same models."""

    models: Models
    settings: ScienceSettings

    def run(self, folder: Path, run: RunContext, priors: Path | None = None) -> Outcome:
        """Analyze the study in a folder.

        Parameters
        ----------
        priors : folder of earlier reports on the patient; ``priors`` in `folder` if None

        Raises
        ------
        SpineError
            Whatever an operator raised; ``INTERNAL`` if the graph ended without an outcome.
        """
        source = StudySource(folder, priors)
        application = SpineApplication(source, run, self.models, self.settings)
        with _own_signal_handlers():
            application.run()
        if application.outcome is None:
            raise SpineError(Code.INTERNAL, "the graph ended without an outcome")
        return application.outcome


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Give SIGINT and SIGTERM back: holoscan takes them and leaves SIGTERM ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
