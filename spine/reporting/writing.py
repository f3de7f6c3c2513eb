"""The end of the chain: findings become files, complete or not at all."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from spine.dicom.confidentiality import no_quoted_values
from spine.errors import Code, Refusal
from spine.findings import Findings, ModelReference, Segmentation
from spine.reporting import results
from spine.reporting.context import Outcome, RunContext, WritingSettings
from spine.reporting.groups import groups_from_findings
from spine.reporting.identity import Identity
from spine.reporting.results import StoredObject
from spine.reporting.secondary_capture import secondary_capture
from spine.reporting.segmentation_object import StructureGroup, segmentation_objects
from spine.reporting.sources import SourceSeries, source_series
from spine.reporting.stamping import encode
from spine.reporting.storing import store
from spine.reporting.structured_report import structured_report
from spine.reporting.summary_picture import draw_summary

__all__ = ["Outcome", "RunContext", "WritingSettings", "write"]

_DICOM = "dicom"
_PICTURES = "pictures"
_SUMMARY = "summary.png"


def write(
    findings: Findings,
    references: tuple[ModelReference, ...],
    run: RunContext,
    settings: WritingSettings,
) -> Outcome:
    """Write results.json and, where there is something to say, DICOM objects and pictures.

    results.json is written last: where it stands, everything that it names stands too.

    Raises
    ------
    GeometryError
        If the segmentation does not lie on the frames it claims to come from.
    """
    code = _nothing_to_send(findings)
    objects: list[StoredObject] = []
    if code is None:
        page = draw_summary(findings, references, run)
        store(_png(page), run.output / _PICTURES / _SUMMARY)
        made = _objects(findings, references, run, settings, page)
        with no_quoted_values():
            objects = [_stored(position, *item) for position, item in enumerate(made, start=1)]
    for item in objects:
        store(item.content, run.output / item.file)
    outcome = Outcome(tuple(run.output / item.file for item in objects), code)
    content = results.results(findings, references, run, outcome, objects)
    store(results.encode(content), run.output / "results.json")
    return outcome


def _nothing_to_send(findings: Findings) -> Code | None:
    """Return why the PACS is told nothing (docs/architecture.md, When what is said)."""
    selection, segmentation = findings.selection, findings.segmentation
    if selection.refusal is not None and selection.refusal.code is Code.NO_CANDIDATE:
        return Code.NO_CANDIDATE
    if selection.series is None:
        return Code.NO_CANDIDATE
    if isinstance(segmentation, Refusal) and segmentation.code is Code.TOO_FEW_VERTEBRAE:
        return Code.TOO_FEW_VERTEBRAE
    return None


def _objects(
    findings: Findings,
    references: tuple[ModelReference, ...],
    run: RunContext,
    settings: WritingSettings,
    page: NDArray[np.uint8],
) -> Iterator[tuple[str, Dataset]]:
    """Make the objects in the order of sending: what a report may refer to comes before it."""
    source = source_series(findings.selection)
    identity = Identity(findings, references, run)
    first = settings.series_number
    if settings.segmentation and isinstance(findings.segmentation, Segmentation):
        made = segmentation_objects(findings.segmentation, source, identity, run)
        for offset, group in enumerate(StructureGroup):
            if group in made:
                yield _numbered(f"segmentation {group}", made[group], first + offset)
    first += len(StructureGroup)
    if settings.secondary_capture:
        capture = secondary_capture(page, source, references, identity, run)
        yield _numbered("secondary capture", capture, first)
    if settings.structured_report:
        yield _numbered(*_report(findings, references, run, source, identity), first + 1)


def _report(
    findings: Findings,
    references: tuple[ModelReference, ...],
    run: RunContext,
    source: SourceSeries,
    identity: Identity,
) -> tuple[str, Dataset]:
    groups = groups_from_findings(findings, source, run.revision)
    return "structured report", structured_report(groups, source, references, identity, run)


def _numbered(kind: str, dataset: Dataset, series_number: int) -> tuple[str, Dataset]:
    dataset.SeriesNumber = series_number
    return kind, dataset


def _stored(position: int, kind: str, dataset: Dataset) -> StoredObject:
    # Numbered, so that the files of a folder stand in the order of sending.
    name = f"{position}-{kind.replace(' ', '-')}"
    return StoredObject(
        kind,
        str(Path(_DICOM) / f"{name}.dcm"),
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
        encode(dataset),
    )


def _png(page: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(page).save(buffer, format="PNG")
    return buffer.getvalue()
