"""Coded concepts: the standard's where it has one, else our private scheme 99SPINEMAP.

Code Values have at most 16 characters: longer ones become Long Code Values, which
viewers do not read. Meanings have at most 64 characters (PS3.3 section 8.3).
"""

from pydicom.sr.coding import Code

from spine.anatomy.grades import (
    BaselineKind,
    Bulging,
    Pfirrmann,
    Progression,
    Scale,
    Schneiderman,
)
from spine.anatomy.levels import DiscLevel, Level, Region

# What a Coding Scheme Identification item says about the private scheme (PS3.3 C.12.1.1).
PRIVATE_SCHEME = "99SPINEMAP"
PRIVATE_SCHEME_NAME = "SpineMAP private codes"
PRIVATE_SCHEME_VERSION = "1"
PRIVATE_SCHEME_UID = "2.25.226486126184917803526178413279131471364"


def _private(value: str, meaning: str) -> Code:
    return Code(value, PRIVATE_SCHEME, meaning)


def _sct(value: str, meaning: str) -> Code:
    return Code(value, "SCT", meaning)


SACRUM = _sct("54735007", "Sacrum")
INTERVERTEBRAL_DISC = _private("DISC", "Intervertebral disc")
SPINE = _sct("421060004", "Spine")
LUMBAR_SPINE = _sct("122496007", "Lumbar spine")
SPINAL_CORD = _sct("2748008", "Spinal cord")
CEREBROSPINAL_FLUID = _sct("65216001", "Cerebrospinal fluid")
RIB = _sct("113197003", "Rib")
LEFT = _sct("7771000", "Left")
RIGHT = _sct("24028007", "Right")
ANATOMICAL_STRUCTURE = _sct("91723000", "Anatomical structure")

SUBJECT_AGE = Code("121033", "DCM", "Subject Age")
QUALITY_FINDING = Code("111052", "DCM", "Quality Finding")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")
COMMENT = Code("121106", "DCM", "Comment")
FINDING = Code("121071", "DCM", "Finding")
FINDINGS = Code("121070", "DCM", "Findings")
DIAGNOSTIC_IMAGING_REPORT = Code("18748-4", "LN", "Diagnostic imaging report")
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Code("en", "RFC5646", "English")
CLASS_ACTIVATION = Code("130403", "DCM", "Gradient-weighted class activation")
NO_UNITS = Code("1", "UCUM", "no units")
IMAGING_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report")

YEARS = Code("a", "UCUM", "year")
MILLIMETERS = Code("mm", "UCUM", "millimeter")
PERCENT = Code("%", "UCUM", "percent")
VERTEBRAE = Code("{vertebrae}", "UCUM", "vertebrae")
FRAMES = Code("{frames}", "UCUM", "frames")
FRAME_COUNT = Code("121140", "DCM", "Number of Frames")

SPINE_AGE = _private("SPINE_AGE", "Spine age, bias-corrected")
SPINE_AGE_RAW = _private("SPINE_AGE_RAW", "Spine age before bias correction")
SPINE_AGE_GAP = _private("SPINE_AGE_GAP", "Spine age gap, predicted minus chronological")
SPINE_AGE_EXPECTED = _private("SPINE_AGE_EXPECT", "Spine ages within the model's error at this age")
SPINE_AGE_PERCENTILE = _private("SPINE_AGE_PERC", "Percentile of the gap among calibration cases")
VERTEBRA_COUNT = _private("VERTEBRA_COUNT", "Number of vertebrae found")
DISC_HEIGHT = _private("DISC_HEIGHT", "Mean height of intervertebral disc")
EVIDENCE = _private("EVIDENCE", "Evidence behind the result")
BASELINE_SOURCE = _private("BASELINE_SOURCE", "Source of a grade at the time of the study")
UNDETERMINED_WHY = _private("UNDETERMINED_WHY", "Why the progression is undetermined")
PROBABILITIES = _private("PROBABILITIES", "Probability of each grade in five years")
LIMITS = _private("LIMITS", "Limits of the prediction")
REFUSAL = _private("REFUSAL", "Result withheld")

# What an earlier report says; never under the names of what was found today.
EARLIER_STUDY = _private("EARLIER_STUDY", "What an earlier report says of an earlier study")
EARLIER_YEARS = _private("EARLIER_YEARS", "Years from the earlier study to this one")
EARLIER_AGE = _private("EARLIER_AGE", "Spine age in the earlier study")
EARLIER_AGE_GAP = _private("EARLIER_AGE_GAP", "Spine age gap in the earlier study")
EARLIER_SUBJECT = _private("EARLIER_SUBJECT", "Subject age at the earlier study")
PRIOR_REPORT = Code("122075", "DCM", "Prior report for current patient")

_VERTEBRA_VALUES = {
    **dict(zip((f"C{n}" for n in range(1, 8)), (
        "14806007", "39976000", "113205007", "5329002", "36978003", "36054005", "87391001",
    ), strict=True)),
    **dict(zip((f"T{n}" for n in range(1, 13)), (
        "64864005", "53733008", "1626008", "73071006", "56401006", "45296009",
        "62487009", "11068009", "82687006", "7610001", "12989004", "23215003",
    ), strict=True)),
    **dict(zip((f"L{n}" for n in range(1, 6)), (
        "66794005", "14293000", "36470004", "11994002", "49668003",
    ), strict=True)),
}  # fmt: skip

# L5/S1 is 715056000, not the older 75782005; the codes "level of disc" are planes.
_DISC_VALUES = {
    "C2/C3": "1078209008", "C3/C4": "58820006", "C4/C5": "49400002", "C5/C6": "73959003",
    "C6/C7": "75095006", "C7/T1": "37414007", "T1/T2": "40908007", "T2/T3": "6004007",
    "T3/T4": "2620004", "T4/T5": "82965004", "T5/T6": "72692000", "T6/T7": "74401007",
    "T7/T8": "28693002", "T8/T9": "9188009", "T9/T10": "113209001", "T10/T11": "34959001",
    "T11/T12": "1537001", "T12/L1": "76206002", "L1/L2": "80064006", "L2/L3": "67459009",
    "L3/L4": "62551000", "L4/L5": "84020006", "L5/S1": "715056000",
}  # fmt: skip


def _vertebra(level: Level) -> Code:
    meaning = f"{level} vertebra"
    if level.value in _VERTEBRA_VALUES:
        return _sct(_VERTEBRA_VALUES[level.value], meaning)
    return _private(f"VERTEBRA_{level}", meaning)


def _disc(level: DiscLevel) -> Code:
    meaning = f"{level} disc"
    if level.value in _DISC_VALUES:
        return _sct(_DISC_VALUES[level.value], meaning)
    return _private(f"DISC_{level.above}_{level.below}", meaning)


# The sacrum is one structure (spine.anatomy.labels), so S1 to S5 share its code.
VERTEBRA_CODES: dict[Level, Code] = {
    level: SACRUM if level.region is Region.SACRAL else _vertebra(level) for level in Level
}
DISC_CODES: dict[DiscLevel, Code] = {level: _disc(level) for level in DiscLevel}

BASELINE_CODES: dict[Scale, Code] = {
    Scale.SCHNEIDERMAN: _private("SCHNEIDERMAN_0", "Schneiderman grade at the time of the study"),
    Scale.BULGING: _private("BULGING_0", "Grade of bulging at the time of the study"),
    Scale.PFIRRMANN: _private("PFIRRMANN_0", "Pfirrmann grade at the time of the study"),
}

FORECAST_CODES: dict[Scale, Code] = {
    Scale.SCHNEIDERMAN: _private("SCHNEIDERMAN_5", "Schneiderman grade predicted in five years"),
    Scale.BULGING: _private("BULGING_5", "Grade of bulging predicted in five years"),
    Scale.PFIRRMANN: _private("PFIRRMANN_5", "Pfirrmann grade predicted in five years"),
}

GRADE_CODES: dict[tuple[Scale, int], Code] = {
    (Scale.SCHNEIDERMAN, Schneiderman.NORMAL): _private("SCHN_0", "0: normal signal"),
    (Scale.SCHNEIDERMAN, Schneiderman.SPECKLED): _private("SCHN_1", "1: speckled signal"),
    (Scale.SCHNEIDERMAN, Schneiderman.DIFFUSE_LOSS): _private("SCHN_2", "2: diffuse signal loss"),
    (Scale.SCHNEIDERMAN, Schneiderman.SIGNAL_VOID): _private("SCHN_3", "3: signal void"),
    (Scale.BULGING, Bulging.NONE): _private("BULG_0", "0: no bulging"),
    (Scale.BULGING, Bulging.BULGE): _private("BULG_1", "1: bulging"),
    (Scale.BULGING, Bulging.EXTRUSION): _private("BULG_2", "2: extrusion"),
    (Scale.BULGING, Bulging.SEQUESTRATION): _private("BULG_3", "3: sequestration"),
    (Scale.PFIRRMANN, Pfirrmann.HOMOGENEOUS_BRIGHT): _private("PFIRR_1", "1: homogeneous, bright"),
    (Scale.PFIRRMANN, Pfirrmann.INHOMOGENEOUS_BRIGHT): _private(
        "PFIRR_2", "2: inhomogeneous, bright"
    ),
    (Scale.PFIRRMANN, Pfirrmann.INHOMOGENEOUS_GRAY): _private("PFIRR_3", "3: inhomogeneous, gray"),
    (Scale.PFIRRMANN, Pfirrmann.GRAY_TO_BLACK): _private("PFIRR_4", "4: gray to black"),
    (Scale.PFIRRMANN, Pfirrmann.BLACK_COLLAPSED): _private("PFIRR_5", "5: black, collapsed"),
}

# A grading model may tell no more than "2 or more".
OPEN_GRADE_CODES: dict[tuple[Scale, int], Code] = {
    (scale, grade): _private(f"{short}_{grade}_MORE", f"{name} {grade} or more")
    for scale, short, name in (
        (Scale.SCHNEIDERMAN, "SCHN", "Schneiderman"),
        (Scale.BULGING, "BULG", "Bulging"),
        (Scale.PFIRRMANN, "PFIRR", "Pfirrmann"),
    )
    for (grade,) in scale.classes[:-1]
}

# Who gave each scale's grade at the time of the study; a later report believes only a person.
BASELINE_SOURCE_CODES: dict[Scale, Code] = {
    Scale.SCHNEIDERMAN: _private("SCHN_0_SOURCE", "Source of the Schneiderman grade"),
    Scale.BULGING: _private("BULG_0_SOURCE", "Source of the grade of bulging"),
    Scale.PFIRRMANN: _private("PFIRR_0_SOURCE", "Source of the Pfirrmann grade"),
}
BASELINE_KIND_CODES: dict[BaselineKind, Code] = {
    BaselineKind.TABLE: _private("BASELINE_TABLE", "Read by a person, baseline table of the site"),
    BaselineKind.PRIOR: _private("BASELINE_PRIOR", "Read by a person, from an earlier report"),
    BaselineKind.MODEL: _private("BASELINE_MODEL", "Predicted by a grading model"),
}

EARLIER_GRADE_CODES: dict[Scale, Code] = {
    Scale.SCHNEIDERMAN: _private("SCHN_EARLIER", "Schneiderman grade read in the earlier study"),
    Scale.BULGING: _private("BULG_EARLIER", "Grade of bulging read in the earlier study"),
    Scale.PFIRRMANN: _private("PFIRR_EARLIER", "Pfirrmann grade read in the earlier study"),
}

# What becomes of each scale has its own concept name; the states below are its values.
PROGRESSION_CODES: dict[Scale, Code] = {
    Scale.SCHNEIDERMAN: _private("SCHN_PROGRESS", "Five-year progression, Schneiderman"),
    Scale.BULGING: _private("BULG_PROGRESS", "Five-year progression, bulging"),
    Scale.PFIRRMANN: _private("PFIRR_PROGRESS", "Five-year progression, Pfirrmann"),
}

# One name a scale: viewers print a number's name and unit, never its modifiers.
RISK_CODES: dict[Scale, Code] = {
    Scale.SCHNEIDERMAN: _private("SCHN_RISK", "P(worse in 5 y), Schneiderman"),
    Scale.BULGING: _private("BULG_RISK", "P(worse in 5 y), bulging"),
    Scale.PFIRRMANN: _private("PFIRR_RISK", "P(worse in 5 y), Pfirrmann"),
}
PROGRESSION_STATE_CODES: dict[Progression, Code] = {
    Progression.IMPROVED: _private("IMPROVED", "Improved"),
    Progression.UNCHANGED: _sct("260388006", "No status change"),
    Progression.PROGRESSED: _private("PROGRESSED", "Progressed"),
    Progression.NOT_AT_RISK: _private("NOT_AT_RISK", "Not at risk, highest grade already"),
    Progression.UNDETERMINED: _private("UNDETERMINED", "Undetermined"),
}
