"""`recall`: every result of a model, where it is, and taking it back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.reasons import Reason
from app.service.durable import read_json
from app.service.overview import withdrawal
from app.service.recalls import COMMAND, read_recall
from app.service.recalls import recall as recall_run
from app.service.records import Receipt, RunRecord, State
from app.service.register import Register
from app.service.requests import Request, ask
from app.service.views import DeliveryState
from app.status import table
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code, SpineError

_HEADINGS = ("RUN", "STUDY", "DESTINATION", "STATE", "MODELS")

_WITHDRAWALS = {
    DeliveryState.OPEN: "waiting",
    DeliveryState.REJECTED: "rejected there",
    DeliveryState.RECALLED: "never sent",
}


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model, in one version or in all."""

    name: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> "ModelName":
        """Read ``NAME`` or ``NAME@VERSION``.

        Raises
        ------
        SpineError
            ``NOTHING_TO_RECALL`` for ``NAME@``: all versions may not be what was meant.
        """
        name, mark, version = text.partition("@")
        if mark and not version:
            raise SpineError(Code.NOTHING_TO_RECALL, "a version is missing after @")
        return cls(name, version or None)

    def is_met_by(self, name: str, version: str) -> bool:
        """Tell whether a model is the one meant."""
        return name == self.name and self.version in (None, version)


@dataclass(frozen=True, slots=True)
class Result:
    """A run's result at one destination.

    Attributes
    ----------
    models : the wanted ones that it passed through; where it `only_quotes` them, those of an
        earlier study's age that it shows beside its own
    """

    run_id: str
    study_instance_uid: str
    destination: str
    state: str
    models: tuple[str, ...]
    only_quotes: bool = False


def results_of(register: Register, wanted: Sequence[ModelName]) -> list[Result]:
    """Return what a model has a part in, by run and destination.

    Raises
    ------
    SpineError
        ``NOTHING_TO_RECALL`` where there is nothing.
    """
    found = [item for record in register.runs() for item in _results(register, record, wanted)]
    if not found:
        unknown = len(unknown_runs(register))
        removed = (
            f"; of {unknown} runs the results were removed, nobody can tell" if unknown else ""
        )
        raise SpineError(Code.NOTHING_TO_RECALL, f"no run has a result of this model{removed}")
    return found


def unknown_runs(register: Register) -> list[str]:
    """Return the runs whose results were removed after their retention: nobody can tell of them."""
    written = (record for record in register.runs() if _is_written(register, record))
    return [item.run_id for item in written if not _results_file(register, item).exists()]


def listing(results: Sequence[Result], unknown: Sequence[str], *, as_json: bool) -> Iterator[str]:
    """Yield the results as a table or as JSON, and then the runs of which nobody can tell."""
    if as_json:
        content = {"results": [asdict(item) for item in results], "unknown": list(unknown)}
        yield json.dumps(content, indent=2)
        return
    yield from table([_HEADINGS, *map(_row, results)])
    yield from map(unknown_line, unknown)


def unknown_line(run_id: str) -> str:
    """Say of a run that nobody can tell what it rests on."""
    return f"{run_id}  unknown: its results were removed after their retention"


def _row(result: Result) -> tuple[str, ...]:
    models = ", ".join(result.models)
    words = f"only shows an earlier value of {models}" if result.only_quotes else models
    return result.run_id, result.study_instance_uid, result.destination, result.state, words


def recall(register: Register, results: Sequence[Result], reason: Reason) -> list[str]:
    """Recall runs, and ask whoever serves to see to it at once; return them.

    A run that only quotes an earlier value stays: what is its own is not wrong.
    """
    runs = sorted({result.run_id for result in results if not result.only_quotes})
    for run_id in runs:
        recall_run(register, run_id, RejectionTitle[reason.name], COMMAND)
        ask(register, run_id, Request.RECALL)
    return runs


def _results(
    register: Register, record: RunRecord, wanted: Sequence[ModelName]
) -> Iterator[Result]:
    content = read_json(_results_file(register, record))
    if content is None or not _is_written(register, record):
        return
    used, quoted = _meant(used_models(content), wanted), _meant(quoted_models(content), wanted)
    if used or quoted:
        # A shadow profile sends nothing; its results are shown on the page all the same.
        for name in record.destinations or ("",):
            where = record.run_id, record.study_instance_uid, name
            state = _state(register, record.run_id, name)
            yield Result(*where, state, used or quoted, only_quotes=not used)


def _meant(models: Sequence[tuple[str, str]], wanted: Sequence[ModelName]) -> tuple[str, ...]:
    return tuple(
        f"{name} {version}"
        for name, version in models
        if any(model.is_met_by(name, version) for model in wanted)
    )


def used_models(results: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return name and version of the models that a result's numbers passed through.

    Not all that were loaded: a refused age is no result of the age model.
    """
    versions = {model["name"]: model["version"] for model in results.get("models", ())}
    sections = (results.get("segmentation"), results.get("age"), results.get("discs"))
    names = dict.fromkeys(name for section in sections for name in _model_names(section))
    return tuple((name, versions[name]) for name in names if name in versions)


def quoted_models(results: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return name and version of the models behind earlier ages that a result shows."""
    ages = (study["age"] for study in results.get("course", {}).get("studies", ()))
    names = dict.fromkeys(name for age in ages if age is not None for name in age["models"])
    return tuple((name, version) for name, _, version in (text.rpartition(" ") for text in names))


def _model_names(content: Any) -> Iterator[str]:
    if isinstance(content, list):
        for item in content:
            yield from _model_names(item)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key == "model" and isinstance(value, str):
                yield value
            else:
                yield from _model_names(value)


def _state(register: Register, run_id: str, name: str) -> str:
    if not name:
        return "sent to nobody"
    receipt = register.receipt(run_id, name)
    found = read_recall(register, run_id)
    if found is not None:
        return f"recalled ({found.title}), {_words(receipt)}"
    if receipt.is_complete:
        return "delivered"
    return "partly delivered" if receipt.objects else "not delivered yet"


def _words(receipt: Receipt) -> str:
    state = withdrawal(receipt)
    if state is DeliveryState.STILL_THERE:
        return f"STILL THERE: {receipt.notes.get('rejection', '')}"
    return _WITHDRAWALS[state]


def _is_written(register: Register, record: RunRecord) -> bool:
    outcome = register.outcome(record.run_id)
    return outcome is not None and outcome.state is State.WRITTEN


def _results_file(register: Register, record: RunRecord) -> Path:
    return register.run_folder(record.run_id) / "results.json"
