"""What a radiologist would report of a subject: P1's 67 features, read off the rendered state.

Thresholds in mm are assumptions; each looks at something that is drawn into the image.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from phantom.laws import DiscState
from phantom.subjects import Subject
from research.estimators.pairs import Pair, condition_pairs
from research.estimators.vocabulary import REGIONS, STRUCTURAL, Condition, Severity
from spine.anatomy.grades import Bulging, Pfirrmann, Schneiderman
from spine.anatomy.levels import Region

# Above the first size a finding is mild, above the second moderate, above the third severe.
# Half as much in neck and thorax, whose bulges are drawn half as deep (`phantom.laws`).
_BULGE_MM = (0.0, 2.3, 3.2)
_OSTEOPHYTE_MM = (1.5, 3.5, 6.0)
_UNCOVERTEBRAL_MM = (1.0, 3.0, 5.5)
_PROTRUSION_MM = (0.0, 3.9, 4.3)
# Focal and deeper than this it is an extrusion; one that has migrated is a moderate one.
_EXTRUSION_MM = 4.3
_STENOSIS_SHARE = 0.25
_SLIP_MM = 3.0
_NARROW_SAC = 0.88
_DESICCATION = {
    Schneiderman.NORMAL: Severity.ABSENT,
    Schneiderman.SPECKLED: Severity.MILD,
    Schneiderman.DIFFUSE_LOSS: Severity.MODERATE,
    Schneiderman.SIGNAL_VOID: Severity.SEVERE,
}


def reported_features(person: Subject) -> NDArray[np.float64]:
    """Count what is found, as P1 hands it to the clustering (section 2.3).

    Returns
    -------
    shape (67,): for each region levels by condition and severity, then structural findings
    """
    levels = [(disc.level.above.region, _findings(disc)) for disc in person.discs]
    counts = [
        float(sum(found == region and _has(pair, seen) for found, seen in levels))
        for region in REGIONS
        for pair in condition_pairs()
    ]
    flags = _structural(person)
    return np.array([*counts, *(float(flags[name]) for name in STRUCTURAL)])


def feature_names() -> tuple[str, ...]:
    """Name the features in their order."""
    counts = (
        f"{name} {pair.condition} {pair.word}"
        for name in REGIONS.values()
        for pair in condition_pairs()
    )
    return (*counts, *STRUCTURAL)


def _has(pair: Pair, seen: dict[Condition, Severity]) -> bool:
    return seen.get(pair.condition, Severity.ABSENT) is pair.severity


def _findings(disc: DiscState) -> dict[Condition, Severity]:
    """Return the severity of each condition that a disc has."""
    found = dict(_graded(disc))
    found[Condition.DESICCATION] = _desiccation(disc)
    if disc.modic_type or disc.schmorl_mm:
        found[Condition.ENDPLATE_CHANGE] = Severity.MILD
    if disc.fissure:
        found[Condition.ANNULAR_FISSURE] = Severity.MILD
    return found


def _graded(disc: DiscState) -> Iterator[tuple[Condition, Severity]]:
    scale = 1.0 if disc.level.is_lumbar else 0.5
    yield Condition.DISC_BULGE, _severity(disc.bulge_mm / scale, _BULGE_MM)
    yield Condition.DISC_OSTEOPHYTE, _severity(disc.osteophyte_mm, _OSTEOPHYTE_MM)
    if disc.level.above.region is Region.CERVICAL:
        # Grows with the rims; the phantom draws none of its own.
        size = _severity(disc.osteophyte_mm, _UNCOVERTEBRAL_MM)
        yield Condition.UNCOVERTEBRAL_OSTEOPHYTE, size
    if disc.bulging is Bulging.SEQUESTRATION:
        yield Condition.EXTRUSION, Severity.MODERATE
    elif disc.bulging is Bulging.EXTRUSION:
        depth_mm = disc.extrusion_mm / scale
        is_extruded = depth_mm > _EXTRUSION_MM
        condition = Condition.EXTRUSION if is_extruded else Condition.PROTRUSION
        yield condition, Severity.MILD if is_extruded else _severity(depth_mm, _PROTRUSION_MM)


def _desiccation(disc: DiscState) -> Severity:
    """By the signal of the nucleus; near complete where the disc has collapsed, too."""
    found = _DESICCATION[disc.schneiderman]
    if found is Severity.SEVERE and disc.pfirrmann is Pfirrmann.BLACK_COLLAPSED:
        return Severity.NEAR_COMPLETE
    return found


def _severity(size: float, limits: tuple[float, float, float]) -> Severity:
    return Severity(sum(size > limit for limit in limits))


def _structural(person: Subject) -> dict[str, bool]:
    """Tell what the phantom draws; it has no bone lesion, cord lesion or edema."""
    flags = dict.fromkeys(STRUCTURAL, False)
    flags["congenital_canal_narrowing"] = person.person.build.sac < _NARROW_SAC
    flags["fracture"] = any(state.wedge_fracture > 0 for state in person.vertebrae)
    flags["spinal_stenosis"] = any(disc.stenosis > _STENOSIS_SHARE for disc in person.discs)
    flags["spondylolisthesis"] = any(disc.slip_mm >= _SLIP_MM for disc in person.discs)
    return flags
