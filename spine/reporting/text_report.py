"""Enhanced SR that reads as a text: for archives that show no measurement report.

A Basic Diagnostic Imaging Report (TID 2000): one section a result, with its sentence, numbers
and codes; nothing is drawn and nothing refers to a segmentation (docs/adr/0101).
"""

from collections.abc import Iterator

from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    EnhancedSR,
    ImageContentItem,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom import Dataset
from pydicom.sr.coding import Code

from spine.dicom import codes
from spine.dicom.identifiers import MANUFACTURER
from spine.reporting import wording
from spine.reporting.group import Group
from spine.reporting.identity import ObjectKind
from spine.reporting.image_library import SOURCE
from spine.reporting.provenance import Provenance
from spine.reporting.stamping import stamp
from spine.reporting.structured_report import DECIMALS, bare_root, observer, previous_versions

_CONTAINS = RelationshipTypeValues.CONTAINS
_BASIC_DIAGNOSTIC_IMAGING_REPORT = "2000"


def text_report(groups: tuple[Group, ...], provenance: Provenance) -> Dataset:
    """Make the report; its series number is left to set."""
    source, identity, run = provenance.source, provenance.identity, provenance.run
    root = _root(groups, provenance)
    report: Dataset = EnhancedSR(
        evidence=list(source.headers),
        content=bare_root(root),
        series_instance_uid=identity.series_uid(ObjectKind.TEXT_REPORT, 1),
        series_number=1,
        sop_instance_uid=identity.instance_uid(ObjectKind.TEXT_REPORT, "tid2000", 1),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        previous_versions=previous_versions(run),
    )
    report.ContentSequence = root.ContentSequence
    stamp(report, "text report", source, provenance.references, run)
    return report


def _root(groups: tuple[Group, ...], provenance: Provenance) -> ContainerContentItem:
    root = ContainerContentItem(
        CodedConcept.from_code(codes.DIAGNOSTIC_IMAGING_REPORT),
        is_content_continuous=False,
        template_id=_BASIC_DIAGNOSTIC_IMAGING_REPORT,
    )
    language = CodeContentItem(
        codes.LANGUAGE, codes.ENGLISH, RelationshipTypeValues.HAS_CONCEPT_MOD
    )
    findings = _section(codes.FINDINGS, [_section(_heading(item), _items(item)) for item in groups])
    root.ContentSequence = ContentSequence(
        [language, *observer(), *_preface(provenance), findings], is_root=False
    )
    return root


def _preface(provenance: Provenance) -> Iterator[ContentItem]:
    """Say what the report must not be used for, and what it rests on, before anything else."""
    run = provenance.run
    for words in wording.notices(demonstration=run.demonstration):
        yield _text(codes.COMMENT, words)
    yield _text(codes.COMMENT, wording.models_line(provenance.references, run.code_version))


def _heading(group: Group) -> Code:
    """Name a section: a disc by its level, anything else by what it is."""
    return group.site if group.finding == codes.INTERVERTEBRAL_DISC else group.finding


def _items(group: Group) -> Iterator[ContentItem]:
    yield _text(codes.FINDING, group.sentence)
    for number in group.numbers:
        rounded = round(number.value, DECIMALS)
        yield NumContentItem(number.name, rounded, number.unit, relationship_type=_CONTAINS)
    for name, value in group.states:
        yield CodeContentItem(name, value, _CONTAINS)
    for name, words in group.texts:
        yield _text(name, words)
    anchor = group.anchor
    yield ImageContentItem(
        SOURCE,
        anchor.sop_class_uid,
        anchor.sop_instance_uid,
        referenced_frame_numbers=anchor.frame_number,
        relationship_type=_CONTAINS,
    )


def _section(name: Code, items: Iterator[ContentItem] | list[ContentItem]) -> ContentItem:
    section = ContainerContentItem(
        CodedConcept.from_code(name), is_content_continuous=False, relationship_type=_CONTAINS
    )
    section.ContentSequence = ContentSequence(list(items))
    return section


def _text(name: Code, words: str) -> ContentItem:
    return TextContentItem(CodedConcept.from_code(name), words, _CONTAINS)
