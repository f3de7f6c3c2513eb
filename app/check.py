"""What is wrong with settings, disk, models and destinations, before a study finds out."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.analysis import science_settings
from app.approval import approvals
from app.service.delivery import probe
from app.settings import Settings
from pacs.sender import SendError
from spine.errors import Code, Refusal, SpineError
from spine.inference.backends import Backend
from spine.inference.loading import load_models


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `error` is None where it is well."""

    name: str
    text: str
    error: SpineError | None = None


def checks(settings: Settings) -> Iterator[Check]:
    """Yield one result after another, cheapest first."""
    yield _science(settings)
    yield _disk(settings.storage.root)
    yield from _models(settings)
    for destination in settings.destinations:
        yield _destination(destination.name, settings)


def _science(settings: Settings) -> Check:
    try:
        science = science_settings(settings.science)
    except SpineError as error:
        return Check("science", error.reason, error)
    return Check("science", f"minimum evidence {science.minimum_evidence}")


def _disk(root: Path) -> Check:
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=root) as file:
            os.fsync(file.fileno())
        free = os.statvfs(root)
    except OSError as error:
        reason = f"{root}: {error.strerror}"
        return Check("disk", reason, SpineError(Code.INTERNAL, reason))
    return Check("disk", f"{root}: {free.f_bavail * free.f_frsize / 1e9:.0f} GB free")


def _models(settings: Settings) -> Iterator[Check]:
    section = settings.models
    try:
        models = load_models(
            section.folder,
            approvals(settings),
            Backend(section.backend),
            section.device,
            section.threads,
        )
    except SpineError as error:
        yield Check("models", error.reason, error)
        return
    for reference in models.references:
        yield Check(reference.name, f"{reference.version}, evidence {reference.evidence}")
    for model in (models.age, *models.discs.values()):
        if isinstance(model, Refusal):
            yield Check(model.subject, f"{model.code}: results will be refused")


def _destination(name: str, settings: Settings) -> Check:
    entry = next(entry for entry in settings.destinations if entry.name == name)
    try:
        probe(entry.to_route())
    except SendError as error:
        return Check(name, str(error), SpineError(Code.DELIVERY_FAILED, str(error)))
    return Check(name, f"{entry.kind} answers")
