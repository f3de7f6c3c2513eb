"""The end of the chain: findings become files, complete or not at all."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from spine.dicom.confidentiality import no_quoted_values
from spine.errors import Code, Refusal
from spine.findings import Findings, ModelReference
from spine.reporting import results
from spine.reporting.context import Outcome, RunContext, WritingSettings
from spine.reporting.encoding import encode
from spine.reporting.kinds import file_stem
from spine.reporting.objects import Objects
from spine.reporting.pages import compose_pages
from spine.reporting.results import StoredObject
from spine.reporting.storing import store

__all__ = ["Outcome", "RunContext", "WritingSettings", "write"]

_DICOM = "dicom"
_PICTURES = "pictures"
# Of 9: a tenth larger than at 6, in a third of the time.
_COMPRESSION = 1


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
        pages = compose_pages(findings, references, run)
        for name, page in pages.pictures():
            store(_png(page.pixels), run.output / _PICTURES / name)
        made = Objects(findings, references, run, settings, pages).make()
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


def _stored(position: int, kind: str, dataset: Dataset) -> StoredObject:
    # Numbered, so that the files of a folder stand in the order of sending.
    name = f"{position}-{file_stem(kind)}"
    return StoredObject(
        kind,
        str(Path(_DICOM) / f"{name}.dcm"),
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
        encode(dataset),
    )


def _png(page: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(page).save(buffer, format="PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()
