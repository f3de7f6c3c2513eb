"""From settings to an analyzer: models loaded, science settings checked, the run described.

Imports the graph and the networks; import it where they are needed, not before.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from app.application import Analyzer
from app.approval import approvals
from app.service.recalls import is_recalled
from app.settings import Settings
from app.version import VERSION
from spine.errors import Code, SpineError
from spine.findings import Evidence
from spine.inference.backends import Backend
from spine.inference.loading import load_models
from spine.pipeline import ScienceSettings, load, select
from spine.reporting.context import Outcome, RunContext
from spine.reporting.kinds import Kind
from spine.reporting.revision import read_predecessor, selected_instances


class _Science(BaseModel):
    """Forbids unknown keys at every depth of the dataclasses below."""

    model_config = ConfigDict(extra="forbid")

    science: ScienceSettings


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analyzer that knows how to describe its runs."""

    analyzer: Analyzer

    def run(
        self,
        folder: Path,
        output: Path,
        analysis_time: datetime,
        run_id: str = "",
        previous: Path | None = None,
        priors: Path | None = None,
    ) -> Outcome:
        """Analyze the study in a folder and write its results.

        Parameters
        ----------
        previous : folder of the run whose result this one replaces; where the same series
            with the same instances would be selected again, nothing is written
        priors : folder of earlier reports on the patient; ``priors`` in `folder` if None
        """
        settings = self.analyzer.settings
        predecessor = None if previous is None else read_predecessor(previous)
        # What was withdrawn cannot stand for a new result.
        stands = predecessor is not None and previous is not None and not is_recalled(previous)
        if stands and predecessor and self._selects(folder) == predecessor.instances:
            return Outcome.nothing_to_send(Code.NOTHING_NEW)
        context = RunContext(
            output=output,
            analysis_time=analysis_time,
            code_version=VERSION,
            settings_hash=settings_hash(settings),
            demonstration=settings.minimum_evidence.rank < Evidence.RETROSPECTIVE.rank,
            run_id=run_id,
            predecessor=predecessor,
        )
        return self.analyzer.run(folder, context, priors)

    def writing_also(self, kinds: frozenset[Kind]) -> "Analysis":
        """Return one that shares the models and writes more kinds of objects."""
        settings = self.analyzer.settings
        writing = replace(settings.writing, objects=settings.writing.objects | kinds)
        return Analysis(replace(self.analyzer, settings=replace(settings, writing=writing)))

    def _selects(self, folder: Path) -> tuple[str, ...]:
        """Return what the graph would select, by the functions that its operators call."""
        settings = self.analyzer.settings
        return selected_instances(select(load(folder, settings), settings))


def load_analysis(settings: Settings) -> Analysis:
    """Load the models and connect them with the science settings.

    Raises
    ------
    SpineError
        ``SETTINGS_INVALID``, or the code of what is wrong with a model.
    """
    science = science_settings(settings.science)
    models = load_models(
        settings.models.folder,
        approvals(settings),
        Backend(settings.models.backend),
        settings.models.device,
        settings.models.threads,
    )
    return Analysis(Analyzer(models, science))


def science_settings(content: Mapping[str, Any]) -> ScienceSettings:
    """Check the section ``science`` of the settings.

    Raises
    ------
    SpineError
        ``SETTINGS_INVALID``, naming the key.
    """
    try:
        return _Science.model_validate({"science": content}).science
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise SpineError(Code.SETTINGS_INVALID, f"{key}: {first['msg']}") from None


def settings_hash(settings: ScienceSettings) -> str:
    """Return the SHA-256 over everything that can change a number or how it is written."""
    text = json.dumps(asdict(settings), sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return str(value)
