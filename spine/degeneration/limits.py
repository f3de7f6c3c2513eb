"""For whom P2's predictions were not made: said beside them, never a reason to hide them."""

from collections.abc import Iterator
from dataclasses import dataclass

from spine.anatomy.alignment import coronal_curve_degrees
from spine.anatomy.geometry import SpineGeometry
from spine.dicom.exclusions import Exclusion, stated_exclusions
from spine.dicom.study import PatientFacts, Selection
from spine.errors import Caution, Code

_ADULT_YEARS = 18
_MENTIONED = {
    Exclusion.SURGERY: (Code.SURGERY_MENTIONED, "surgery"),
    Exclusion.TUMOR: (Code.TUMOR_MENTIONED, "tumor"),
    Exclusion.DEFORMITY: (Code.DEFORMITY_MENTIONED, "deformity"),
}


@dataclass(frozen=True, slots=True)
class MarkedDeformity:
    """From where on a deformity is called marked; P2 gives no number (docs/adr/0096).

    Attributes
    ----------
    curve_degrees : of the spine in the coronal plane
    slip_percent : of a lumbar vertebra on the next, either way
    """

    curve_degrees: float = 20.0
    slip_percent: float = 25.0


def cautions(
    selection: Selection, geometry: SpineGeometry, marked: MarkedDeformity
) -> tuple[Caution, ...]:
    """Say which of P2's exclusions may apply, as far as headers and masks can tell.

    Source
    ------
    P2, Dataset: adults; without prior surgery of the spine, spinal tumor, marked deformity.
    """
    return (
        *_too_young(selection.study.patient),
        *_mentioned(selection),
        *_measured(geometry, marked),
    )


def _too_young(patient: PatientFacts) -> Iterator[Caution]:
    if patient.age_years is not None and patient.age_years < _ADULT_YEARS:
        reason = "The patient is under 18: disc progression was studied in adults only."
        yield Caution(Code.UNDER_18, reason)


def _mentioned(selection: Selection) -> Iterator[Caution]:
    for exclusion in stated_exclusions(selection.instances):
        code, word = _MENTIONED[exclusion]
        reason = f"The study's descriptions mention {word}, which disc progression was not studied"
        yield Caution(code, f"{reason} with.")


def _measured(geometry: SpineGeometry, marked: MarkedDeformity) -> Iterator[Caution]:
    found = []
    curve = coronal_curve_degrees(geometry)
    if curve is not None and curve >= marked.curve_degrees:
        found.append(f"a coronal curve of {curve:.0f} degrees")
    for disc in geometry.discs:
        slip = disc.listhesis
        if disc.level.is_lumbar and slip is not None and abs(slip.percent) >= marked.slip_percent:
            found.append(f"a slip of {abs(slip.percent):.0f}% at {disc.level}")
    if found:
        reason = f"Measured {', '.join(found)}: disc progression was studied without deformity."
        yield Caution(Code.DEFORMITY_MEASURED, reason)
