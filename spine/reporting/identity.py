"""Who a result is: unique identifiers that follow from everything it rests on.

docs/architecture.md, Identity of results. The same key means the same bytes, so a result
that is sent twice is one result, and anything that could change a byte changes
the identifier.
"""

import hashlib
from datetime import UTC
from enum import StrEnum

from spine.dicom.identifiers import MANUFACTURER_MODEL_NAME, uid_from_name
from spine.dicom.study import PatientFacts
from spine.findings import DiscAssessment, Findings, ModelReference, ScaleForecast
from spine.reporting.context import RunContext

_SEPARATOR = "|"


class ObjectKind(StrEnum):
    """What a run writes, as named in identifiers and in results.json."""

    SEGMENTATION = "segmentation"
    STRUCTURED_REPORT = "structured-report"
    SECONDARY_CAPTURE = "secondary-capture"
    LABEL_MAP = "label-map"
    KEY_PICTURE = "key-picture"
    HEAT_MAP = "heat-map"
    DOCUMENT = "document"
    TEXT_REPORT = "text-report"
    DIMENSION = "dimension-organization"


class Identity:
    """Makes the identifiers of one run.

    Parameters
    ----------
    findings : their selected series, priors and baseline grades go into the key, and the
        cautions about files set aside and stations, which are printed on every object
    references : every model that was loaded
    """

    def __init__(
        self, findings: Findings, references: tuple[ModelReference, ...], run: RunContext
    ) -> None:
        self.key = _SEPARATOR.join(
            (
                ",".join(_sources(findings)),
                _hash(_baseline_rows(findings)),
                _hash(_cautions(findings)),
                ",".join(sorted(model.card_sha256 for model in references)),
                run.settings_hash,
                run.code_version,
                run.analysis_time.astimezone(UTC).isoformat(),
                *_replaced(run),
            )
        )
        self._patient = _patient_key(findings.selection.study.patient)

    def instance_uid(self, kind: ObjectKind, encoding: str, number: int) -> str:
        """Name an object, or a part of one that needs its own identifier."""
        return uid_from_name(_SEPARATOR.join((self.key, kind, encoding, str(number))))

    def series_uid(self, kind: ObjectKind, number: int) -> str:
        """Name the series of an object: each has its own, since viewers open one a series."""
        return uid_from_name(_SEPARATOR.join((self.key, kind, "series", str(number))))

    def tracking_uid(self, structure: str) -> str:
        """Name a structure of a patient: the same in SEG and SR, and over the years."""
        return uid_from_name(_SEPARATOR.join((self._patient, structure, MANUFACTURER_MODEL_NAME)))


def _replaced(run: RunContext) -> list[str]:
    """Return what tells a revision from a first result; a first one keeps the key it had."""
    if run.predecessor is None:
        return []
    report = run.predecessor.report
    return [str(run.revision), "" if report is None else report.sop_instance_uid]


def _sources(findings: Findings) -> list[str]:
    selection = findings.selection
    selected = sorted(instance.sop_instance_uid for instance in selection.instances)
    return selected + sorted(prior.sop_instance_uid for prior in selection.study.priors)


def _cautions(findings: Findings) -> list[str]:
    selection = findings.selection
    cautions = (*selection.study.cautions, *selection.cautions)
    return sorted(_SEPARATOR.join((caution.code, caution.reason)) for caution in cautions)


def _baseline_rows(findings: Findings) -> list[str]:
    rows = []
    for disc in findings.discs:
        if isinstance(disc, DiscAssessment):
            rows += [_row(disc, item) for item in disc.forecasts if isinstance(item, ScaleForecast)]
    return sorted(rows)


def _row(disc: DiscAssessment, item: ScaleForecast) -> str:
    baseline = item.baseline
    grade = "" if baseline is None else f"{baseline.grade}{_SEPARATOR}{baseline.source}"
    return _SEPARATOR.join((disc.level, item.scale, grade))


def _hash(rows: list[str]) -> str:
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _patient_key(patient: PatientFacts) -> str:
    # Only a hash leaves this function; the objects that carry it name the patient anyway.
    return _hash([patient.issuer, patient.patient_id])
