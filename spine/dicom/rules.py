"""Rules that say why a stack of frames is no sagittal T2-weighted MR of the spine.

Each rule looks at one thing and answers with a code and a sentence, or None. Orientation
and weighting are read from geometry and sequence. A name given by a person (description,
protocol) can only ever refuse a series, never admit one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydicom.uid import (
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    MRImageStorage,
)

from spine.dicom.elements import text_of
from spine.dicom.frames import Frame
from spine.dicom.identifiers import is_own_result
from spine.errors import Code

_MR_IMAGES = (MRImageStorage, EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage)

# Defined terms of Body Part Examined (PS3.16 annex L) that name no part of the spine. What is
# neither here nor spinal, such as a word in the site's language, declares nothing.
_OTHER_BODY_PARTS = frozenset((
    "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "ARM", "AXILLA", "BLADDER", "BRAIN", "BREAST",
    "BRONCHUS", "BUTTOCK", "CALCANEUS", "CALF", "CARDIAC", "CHEST", "CHESTABDOMEN", "CLAVICLE",
    "ELBOW", "EXTREMITY", "EYE", "FACE", "FEMUR", "FIBULA", "FINGER", "FOOT", "FOREARM",
    "GALLBLADDER", "HAND", "HEAD", "HEART", "HIP", "HUMERUS", "IAC", "JAW", "KIDNEY", "KNEE",
    "LEG", "LIVER", "LOWERLEG", "LUNG", "MANDIBLE", "MEDIASTINUM", "NECK", "ORBIT", "PANCREAS",
    "PAROTID", "PATELLA", "PELVIS", "PENIS", "PROSTATE", "RADIUS", "RECTUM", "SCAPULA",
    "SCROTUM", "SHOULDER", "SIJOINT", "SINUS", "SKULL", "SPLEEN", "STERNUM", "TESTIS", "THIGH",
    "THUMB", "THYMUS", "THYROID", "TIBIA", "TMJOINT", "TOE", "ULNA", "UTERUS", "VAGINA",
    "WRIST", "ZYGOMA",
))  # fmt: skip

# Values in Image Type that mark a picture composed of several stations, which for the spine is
# what we look for, although it may call itself derived. By vendor habit; not in the standard.
_COMPOSED = frozenset(("COMPOSED", "COMP", "COMP_SP", "COMP_AD", "COMP_DI", "MOBIVIEW", "PASTED"))

# Values in Image Type that mark a contrast other than the plain magnitude image: Dixon
# images, subtractions, projections, maps, and components of the complex image.
_ALTERED = frozenset((
    "W", "WATER", "F", "FAT", "IP", "OP", "IN_PHASE", "OUT_PHASE", "OPP_PHASE", "DIXON", "SUB",
    "SUBTRACT", "SUBTRACTION", "MIP", "MINIP", "MPR", "ADC", "TRACEW", "FA", "DIFFUSION", "MAP",
    "R", "I", "P", "PHASE", "REAL", "IMAGINARY", "PROJECTION",
))  # fmt: skip

_LOCALIZER_NAMES = re.compile(r"\b(localizer|localiser|loc|scout|survey|aahscout|planning)\b")
_ALTERED_NAMES = re.compile(
    r"\b(stir|tirm|tir|spair|spir|fs|fatsat|dixon|mdixon|sub|subtraction|flair|mip|adc|dwi)\b"
    r"|fat.?(sat|sup)"
)


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Limits of the rules.

    Attributes
    ----------
    minimum_echo_time_ms, minimum_repetition_time_ms : of a T2-weighted spin echo; usual
        spine protocols lie at 80 to 120 and above 2000, 3D ones at a repetition time of 1500
    maximum_tilt_degrees : between the slice normal and the left-right axis
    """

    minimum_echo_time_ms: float = 60.0
    minimum_repetition_time_ms: float = 1200.0
    maximum_tilt_degrees: float = 40.0


Objection = tuple[Code, str]
Rule = Callable[[tuple[Frame, ...], RuleSettings], Objection | None]


def objections(frames: tuple[Frame, ...], settings: RuleSettings) -> list[Objection]:
    """Return what every rule has against a stack; an empty list makes it a candidate.

    What is no MR image is not asked further, since the other rules mean nothing there.
    """
    first = not_an_mr_image(frames, settings)
    if first is not None:
        return [first]
    answers = (rule(frames, settings) for rule in RULES)
    return [answer for answer in answers if answer is not None]


def not_an_mr_image(frames: tuple[Frame, ...], _: RuleSettings) -> Objection | None:
    """MR images only, and none that this software made."""
    header = frames[0].instance.header
    if is_own_result(header):
        return Code.OWN_RESULT, "a result of this software"
    modality = text_of(header, "Modality").upper()
    if modality != "MR" or header.SOPClassUID not in _MR_IMAGES:
        return Code.NOT_MR, f"modality {modality or 'not given'}, {header.SOPClassUID.name}"
    return None


def is_localizer(frames: tuple[Frame, ...], _: RuleSettings) -> Objection | None:
    """A planning image, by its type or by its name."""
    if "LOCALIZER" in frames[0].image_type or _LOCALIZER_NAMES.search(names(frames[0])):
        return Code.LOCALIZER, "a localizer"
    return None


def declares_other_body_part(frames: tuple[Frame, ...], _: RuleSettings) -> Objection | None:
    """Declared to show something else than the spine."""
    declared = _letters(frames[0].text("BodyPartExamined"))
    if declared in _OTHER_BODY_PARTS:
        return Code.OTHER_BODY_PART, f"declared as {declared}"
    for region in frames[0].items("AnatomicRegionSequence"):
        words = text_of(region, "CodeMeaning").upper().split()
        if words and words[0] in _OTHER_BODY_PARTS and "SPINE" not in words:
            return Code.OTHER_BODY_PART, f"declared as {words[0]}"
    return None


def is_not_sagittal(frames: tuple[Frame, ...], settings: RuleSettings) -> Objection | None:
    """The slice normal of most frames must run near left to right."""
    normals = [normal for frame in frames if (normal := frame.normal) is not None]
    if not normals:
        return Code.GEOMETRY_ABSENT, "no orientation is given"
    tilts = np.degrees(np.arccos(np.clip(np.abs(np.array(normals)[:, 0]), 0, 1)))
    tilt = float(np.median(tilts))
    if tilt > settings.maximum_tilt_degrees:
        return Code.NOT_SAGITTAL, f"the slices are tilted {tilt:.0f} degrees from sagittal"
    return None


def is_not_t2_weighted(frames: tuple[Frame, ...], settings: RuleSettings) -> Objection | None:
    """A spin echo without inversion, of long echo time and long repetition time."""
    frame = frames[0]
    sequence = _sequence_objection(frame)
    if sequence is not None:
        return Code.NOT_T2, sequence
    echo = frame.number("EffectiveEchoTime") or frame.number("EchoTime")
    repetition = frame.number("RepetitionTime")
    if echo is None or repetition is None:
        return Code.NOT_T2, "echo time or repetition time is not given"
    if echo < settings.minimum_echo_time_ms or repetition < settings.minimum_repetition_time_ms:
        return Code.NOT_T2, f"echo time {echo:.0f} ms, repetition time {repetition:.0f} ms"
    return None


def is_altered(frames: tuple[Frame, ...], _: RuleSettings) -> Objection | None:
    """Fat-suppressed, Dixon, subtracted, projected or otherwise derived."""
    frame = frames[0]
    altered = _ALTERED & set(frame.image_type[2:])
    if altered:
        return Code.DERIVED_CONTRAST, f"image type {' '.join(sorted(altered))}"
    if frame.image_type[:1] == ("DERIVED",) and not is_composed(frame):
        return Code.DERIVED_CONTRAST, "a derived image"
    suppression = frame.text("SpectrallySelectedSuppression")
    if "FS" in frame.texts("ScanOptions") or "FAT" in suppression:
        return Code.DERIVED_CONTRAST, "fat is suppressed"
    name = _ALTERED_NAMES.search(names(frame))
    if name is not None:
        return Code.DERIVED_CONTRAST, f"named {name[0].upper()}"
    return None


RULES: tuple[Rule, ...] = (
    is_localizer,
    declares_other_body_part,
    is_not_sagittal,
    is_not_t2_weighted,
    is_altered,
)


def is_composed(frame: Frame) -> bool:
    """Whether a frame was put together from several stations."""
    return bool(_COMPOSED & set(frame.image_type))


def names(frame: Frame) -> str:
    """Return what people called the series, in lower case, words apart."""
    texts = (frame.text("SeriesDescription"), frame.text("ProtocolName"))
    return " ".join(texts).lower().replace("_", " ")


def _sequence_objection(frame: Frame) -> str | None:
    """Judge the sequence, by Scanning Sequence or by the enhanced attributes."""
    scanning = frame.texts("ScanningSequence")
    pulse = frame.text("EchoPulseSequence")
    if "IR" in scanning or frame.text("InversionRecovery") == "YES":
        return "inversion recovery"
    if (frame.number("InversionTime") or 0) > 0:
        return "an inversion time is given"
    if {"GR", "EP"} & set(scanning) or pulse in ("GRADIENT", "BOTH"):
        return "a gradient echo"
    return None


def _letters(text: str) -> str:
    return re.sub("[^A-Z]", "", text.upper())
