"""Earlier studies in the report: when they were, what was read, and in which report it stands.

No number but those that the group itself counts: OHIF takes the first one of a group, whatever
it is, and breaks where that has no point (docs/adr/0041).
"""

from collections.abc import Iterable

from highdicom.sr import (
    CodeContentItem,
    CompositeContentItem,
    ContentSequence,
    QualitativeEvaluation,
    RelationshipTypeValues,
    TimePointContext,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes as standard
from pydicom.uid import Comprehensive3DSRStorage

from spine.dicom import codes
from spine.dicom.identifiers import is_uid
from spine.dicom.study import Prior, ReadGrade
from spine.reporting.course import EarlierStudy
from spine.reporting.group import Group
from spine.reporting.revision import DocumentReference


def time_point(study: EarlierStudy | None) -> TimePointContext | None:
    """Name the time that a group is about (TID 1502); today's groups need no name."""
    if study is None:
        return None
    return TimePointContext(time_point=f"earlier study of {study.prior.study_date}")


def earlier_grades(study: EarlierStudy | None) -> list[QualitativeEvaluation]:
    """Return the grades read then, each with its disc; their names are not those of today's."""
    return [] if study is None else [_grade(read) for read in study.prior.grades]


def report_reference(study: EarlierStudy | None) -> list[CompositeContentItem]:
    """Point to the report that says so, where it can be found by its series."""
    if study is None or not _is_complete(study.prior):
        return []
    return [
        CompositeContentItem(
            name=codes.PRIOR_REPORT,
            referenced_sop_class_uid=Comprehensive3DSRStorage,
            referenced_sop_instance_uid=study.prior.sop_instance_uid,
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
    ]


def pertinent_evidence(groups: Iterable[Group]) -> list[Dataset]:
    """Return the reports on other studies that the groups refer to.

    Since they are of other studies, they become the report's Pertinent Other Evidence Sequence
    (PS3.3 C.17.2).
    """
    priors = (group.earlier.prior for group in groups if group.earlier is not None)
    return [_reference(prior).to_dataset() for prior in priors if _is_complete(prior)]


def _grade(read: ReadGrade) -> QualitativeEvaluation:
    grade = codes.GRADE_CODES[read.scale, read.grade]
    evaluation = QualitativeEvaluation(codes.EARLIER_GRADE_CODES[read.scale], grade)
    site = CodeContentItem(
        name=standard.SCT.FindingSite,
        value=codes.DISC_CODES[read.level],
        relationship_type=RelationshipTypeValues.HAS_CONCEPT_MOD,
    )
    evaluation[0].ContentSequence = ContentSequence([site])
    return evaluation


def _is_complete(prior: Prior) -> bool:
    return is_uid(prior.series_instance_uid)


def _reference(prior: Prior) -> DocumentReference:
    return DocumentReference(
        prior.study_instance_uid,
        prior.series_instance_uid,
        Comprehensive3DSRStorage,
        prior.sop_instance_uid,
    )
