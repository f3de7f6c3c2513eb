"""What a study's descriptions say of a spine that P2's cohort would have left out."""

import re
from collections.abc import Iterable
from enum import StrEnum

from spine.dicom.elements import text_of
from spine.dicom.study import Instance


class Exclusion(StrEnum):
    """P2, Dataset: prior surgical treatment of the spine, spinal tumor, marked deformity."""

    SURGERY = "surgery"
    TUMOR = "tumor"
    DEFORMITY = "deformity"


# Where people write why a study is made, or what was done before.
_KEYWORDS = (
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "ReasonForTheRequestedProcedure",
    "ReasonForStudy",
    "AdmittingDiagnosesDescription",
    "AdditionalPatientHistory",
    "PatientComments",
    "ImageComments",
)
_WORDS = {
    Exclusion.SURGERY: re.compile(
        r"\b(post ?-?op\w*|surgery|operated|fusion|laminectomy|discectomy|diskectomy|"
        r"spondylodesis|instrumentation|pedicle screws?|implants?)\b"
    ),
    Exclusion.TUMOR: re.compile(
        r"\b(tumou?rs?|metasta\w*|mets|neoplas\w*|malignan\w*|myeloma|lymphoma|sarcoma)\b"
    ),
    Exclusion.DEFORMITY: re.compile(r"\b(\w*scolio\w*|deformit\w*|gibbus|spondyloptosis)\b"),
}


def stated_exclusions(instances: Iterable[Instance]) -> tuple[Exclusion, ...]:
    """Return what the descriptions of instances mention, denied or not.

    English words alone: silence says nothing.
    """
    texts = {
        text_of(instance.header, keyword)
        for instance in instances
        for keyword in _KEYWORDS
        if keyword in instance.header
    }
    words = " ".join(sorted(texts)).lower().replace("_", " ")
    return tuple(exclusion for exclusion, pattern in _WORDS.items() if pattern.search(words))
