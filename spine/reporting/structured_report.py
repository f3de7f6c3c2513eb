"""Comprehensive 3D SR by TID 1500, in the shape that OHIF shows (docs/adr/0041).

A TID 1501 group a result; a one-point SCOORD under its first number; a tracking
identifier with the prefix of the viewer's adapter; one comment that says it all.
"""

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    CoordinatesForMeasurement,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes as standard
from pydicom.tag import Tag

from spine.dicom.codes import COMMENT, IMAGING_MEASUREMENT_REPORT
from spine.dicom.identifiers import DEVICE_UID, MANUFACTURER, MANUFACTURER_MODEL_NAME
from spine.findings import ModelReference
from spine.reporting import wording
from spine.reporting.context import RunContext
from spine.reporting.group import Group, Number
from spine.reporting.identity import Identity, ObjectKind
from spine.reporting.image_library import image_library
from spine.reporting.report_course import (
    earlier_grades,
    pertinent_evidence,
    report_reference,
    time_point,
)
from spine.reporting.sources import Anchor, SourceSeries
from spine.reporting.stamping import stamp

# What OHIF's adapter recognizes as a text with an arrow; our own text follows the last colon.
_ARROW = "Cornerstone3DTools@^0.1.0:ArrowAnnotate"
_CONTENT = Tag("ContentSequence")
# Decimals of a number: far below what any of them means, and short enough for a DS.
DECIMALS = 4


def structured_report(
    groups: tuple[Group, ...],
    source: SourceSeries,
    references: tuple[ModelReference, ...],
    identity: Identity,
    run: RunContext,
) -> Dataset:
    """Make the report; its series number is left to set."""
    content = MeasurementReport(
        observation_context=observer(),
        procedure_reported=standard.SCT.ImagingProcedure,
        imaging_measurements=[_group(group, identity, run) for group in groups],
        title=CodedConcept.from_code(IMAGING_MEASUREMENT_REPORT),
    )
    # After the procedure, before the measurements (TID 1500).
    content[0].ContentSequence.insert(-1, image_library(source.headers))
    report: Dataset = Comprehensive3DSR(
        evidence=[*source.headers, *pertinent_evidence(groups)],
        content=bare_root(content[0]),
        series_instance_uid=identity.series_uid(ObjectKind.STRUCTURED_REPORT, 1),
        series_number=1,
        sop_instance_uid=identity.instance_uid(ObjectKind.STRUCTURED_REPORT, "tid1500", 1),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        previous_versions=previous_versions(run),
    )
    report.ContentSequence = content[0].ContentSequence
    stamp(report, "measurement report", source, references, run)
    return report


def bare_root(root: Dataset) -> Dataset:
    """Return the root of a document without what it holds, which is to be set afterward.

    The library copies and reads again whatever it is given, which takes longer than making it.
    """
    bare = Dataset()
    bare.update({tag: item for tag, item in root.items() if tag != _CONTENT})
    bare.ContentSequence = []
    return bare


def previous_versions(run: RunContext) -> list[Dataset] | None:
    """Name the report that this one replaces (PS3.3 C.17.2, Predecessor Documents Sequence)."""
    if run.predecessor is None or run.predecessor.report is None:
        return None
    return [run.predecessor.report.to_dataset()]


def observer() -> ObservationContext:
    """Name this software as the observer (TID 1001)."""
    device = DeviceObserverIdentifyingAttributes(
        uid=DEVICE_UID,
        name=MANUFACTURER_MODEL_NAME,
        manufacturer_name=MANUFACTURER,
        model_name=MANUFACTURER_MODEL_NAME,
    )
    return ObservationContext(
        observer_device_context=ObserverContext(
            observer_type=standard.DCM.Device, observer_identifying_attributes=device
        )
    )


def _group(
    group: Group, identity: Identity, run: RunContext
) -> MeasurementsAndQualitativeEvaluations:
    first, *others = group.numbers
    tracking = TrackingIdentifier(
        uid=identity.tracking_uid(_structure(group)), identifier=f"{_ARROW}:{group.subject}"
    )
    template = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking,
        time_point_context=time_point(group.earlier),
        finding_type=group.finding,
        finding_sites=[FindingSite(group.site)],
        algorithm_id=_algorithm(_models(group)),
        measurements=[
            _measurement(first, group.anchor),
            *(_measurement(number, None) for number in others),
        ],
        qualitative_evaluations=[
            *(QualitativeEvaluation(*state) for state in group.states),
            *earlier_grades(group.earlier),
        ],
        source_images=[_source_image(group.anchor)],
    )
    template[0].ContentSequence.extend([*report_reference(group.earlier), *_texts(group, run)])
    return template


def _structure(group: Group) -> str:
    """Return what is tracked; two earlier studies of one day are two."""
    if group.earlier is None:
        return group.subject
    return f"{group.subject} {group.earlier.prior.study_instance_uid}"


def _texts(group: Group, run: RunContext) -> list[TextContentItem]:
    """Return what has no code, and the comment that is left after a reader takes it over."""
    prefix = wording.comment_prefix(demonstration=run.demonstration)
    return [
        TextContentItem(
            name=CodedConcept.from_code(name),
            value=words,
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
        for name, words in (*group.texts, (COMMENT, f"{prefix}: {group.sentence}"))
    ]


def _measurement(number: Number, anchor: Anchor | None) -> Measurement:
    return Measurement(
        name=number.name,
        value=round(number.value, DECIMALS),
        unit=number.unit,
        referenced_coordinates=None if anchor is None else [_point(anchor)],
    )


def _models(group: Group) -> tuple[str, ...]:
    """Name the models of a group with their versions; of an earlier one those of that time."""
    if group.earlier is not None and group.earlier.age is not None:
        return group.earlier.age.models
    return tuple(f"{model.name} {model.version}" for model in group.models)


def _algorithm(models: tuple[str, ...]) -> AlgorithmIdentification | None:
    """Name a group's first model; a template has room for one, so others are parameters of it.

    Not under each number, where they would belong: OHIF hides a number that has children.
    """
    if not models:
        return None
    first, *others = models
    name, _, version = first.rpartition(" ")
    return AlgorithmIdentification(
        name=name, version=version, manufacturer=MANUFACTURER, parameters=others or None
    )


def _point(anchor: Anchor) -> CoordinatesForMeasurement:
    image = SourceImageForRegion(
        anchor.sop_class_uid, anchor.sop_instance_uid, _frame_numbers(anchor)
    )
    return CoordinatesForMeasurement("POINT", np.array([[anchor.column, anchor.row]]), image)


def _source_image(anchor: Anchor) -> SourceImageForMeasurementGroup:
    return SourceImageForMeasurementGroup(
        anchor.sop_class_uid, anchor.sop_instance_uid, _frame_numbers(anchor)
    )


def _frame_numbers(anchor: Anchor) -> list[int] | None:
    return None if anchor.frame_number is None else [anchor.frame_number]
