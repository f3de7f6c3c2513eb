"""Codes, refusals and errors: everything that can be said instead of a result.

A `Refusal` is a result and travels on the ports of the graph. An exception
means that nothing can be written. Neither ever carries patient data.
"""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable strings for refusals, warnings and errors; they are part of the public contract."""

    # Input that cannot be used at all.
    INPUT_MISSING = "INPUT_MISSING"
    INPUT_EMPTY = "INPUT_EMPTY"
    NOT_DICOM = "NOT_DICOM"
    TRUNCATED = "TRUNCATED"
    TWO_PATIENTS = "TWO_PATIENTS"
    TWO_STUDIES = "TWO_STUDIES"
    CONFLICTING_DUPLICATE = "CONFLICTING_DUPLICATE"
    IDENTICAL_DUPLICATE = "IDENTICAL_DUPLICATE"

    # No candidate: nothing is sent.
    NO_CANDIDATE = "NO_CANDIDATE"
    NOT_MR = "NOT_MR"
    NOT_SAGITTAL = "NOT_SAGITTAL"
    NOT_T2 = "NOT_T2"
    DERIVED_CONTRAST = "DERIVED_CONTRAST"
    OTHER_BODY_PART = "OTHER_BODY_PART"
    LOCALIZER = "LOCALIZER"
    OWN_RESULT = "OWN_RESULT"
    TOO_FEW_VERTEBRAE = "TOO_FEW_VERTEBRAE"

    # A candidate whose geometry or pixels cannot be used.
    TOO_FEW_SLICES = "TOO_FEW_SLICES"
    MISSING_SLICES = "MISSING_SLICES"
    DUPLICATE_POSITIONS = "DUPLICATE_POSITIONS"
    MIXED_ORIENTATIONS = "MIXED_ORIENTATIONS"
    MIXED_GEOMETRY = "MIXED_GEOMETRY"
    GEOMETRY_ABSENT = "GEOMETRY_ABSENT"
    TOO_LARGE = "TOO_LARGE"
    UNDECODABLE = "UNDECODABLE"
    CONSTANT_PIXELS = "CONSTANT_PIXELS"
    NOT_FINITE = "NOT_FINITE"

    # Stations of one spine: joined, or why they are not.
    STATIONS_JOINED = "STATIONS_JOINED"
    OTHER_SITTING = "OTHER_SITTING"
    OTHER_CONTRAST = "OTHER_CONTRAST"
    OVERLAP_TOO_SMALL = "OVERLAP_TOO_SMALL"
    STATION_MIRRORED = "STATION_MIRRORED"
    PATIENT_MOVED = "PATIENT_MOVED"
    SEAM_VISIBLE = "SEAM_VISIBLE"

    # Spine age.
    AGE_UNKNOWN = "AGE_UNKNOWN"
    AGE_INCONSISTENT = "AGE_INCONSISTENT"
    AGE_OUT_OF_RANGE = "AGE_OUT_OF_RANGE"
    COVERAGE_TOO_SMALL = "COVERAGE_TOO_SMALL"
    BIAS_UNRELIABLE = "BIAS_UNRELIABLE"
    IMAGE_ARTIFACT = "IMAGE_ARTIFACT"
    OUT_OF_DISTRIBUTION = "OUT_OF_DISTRIBUTION"
    HEAT_OUTSIDE_SPINE = "HEAT_OUTSIDE_SPINE"
    HEAT_ABOVE_C2 = "HEAT_ABOVE_C2"

    # Discs.
    DISC_OUT_OF_FIELD = "DISC_OUT_OF_FIELD"
    DISC_NOT_FOUND = "DISC_NOT_FOUND"
    LEVEL_UNCERTAIN = "LEVEL_UNCERTAIN"
    BASELINE_INVALID = "BASELINE_INVALID"
    BASELINE_TOO_OLD = "BASELINE_TOO_OLD"
    PRIOR_LEFT_OUT = "PRIOR_LEFT_OUT"
    GRADING_NOT_VALIDATED = "GRADING_NOT_VALIDATED"

    # Whom P2's cohort left out; the forecasts of their discs rest on nobody like them.
    UNDER_18 = "UNDER_18"
    SURGERY_MENTIONED = "SURGERY_MENTIONED"
    TUMOR_MENTIONED = "TUMOR_MENTIONED"
    DEFORMITY_MENTIONED = "DEFORMITY_MENTIONED"
    DEFORMITY_MEASURED = "DEFORMITY_MEASURED"

    # Segmentation and its quality.
    SEGMENTATION_FAILED = "SEGMENTATION_FAILED"
    LEVEL_GAP = "LEVEL_GAP"
    MASK_TOUCHES_BORDER = "MASK_TOUCHES_BORDER"
    LEVEL_ORDER = "LEVEL_ORDER"
    LEVEL_NOT_MEASURED = "LEVEL_NOT_MEASURED"
    SIZE_IMPLAUSIBLE = "SIZE_IMPLAUSIBLE"
    SEGMENTATION_IMPLAUSIBLE = "SEGMENTATION_IMPLAUSIBLE"
    MIRROR_DISAGREEMENT = "MIRROR_DISAGREEMENT"

    # Models.
    MODEL_MISSING = "MODEL_MISSING"
    MODEL_TAMPERED = "MODEL_TAMPERED"
    MODEL_NOT_APPROVED = "MODEL_NOT_APPROVED"
    MODEL_NOT_VALIDATED = "MODEL_NOT_VALIDATED"
    MODEL_INVALID = "MODEL_INVALID"

    # The place where it runs.
    OUTPUT_UNWRITABLE = "OUTPUT_UNWRITABLE"
    DEVICE_MISSING = "DEVICE_MISSING"

    # A run that ends without results because another says the same or more.
    NOTHING_NEW = "NOTHING_NEW"
    SUPERSEDED = "SUPERSEDED"
    # Or because images that it would rest on were rejected.
    SOURCES_REJECTED = "SOURCES_REJECTED"

    # Results and sources taken back.
    RUN_RECALLED = "RUN_RECALLED"
    NOT_REJECTED_THERE = "NOT_REJECTED_THERE"
    NOTHING_TO_RECALL = "NOTHING_TO_RECALL"
    REJECTION_NOTE_INVALID = "REJECTION_NOTE_INVALID"
    REJECTION_OTHER_PATIENT = "REJECTION_OTHER_PATIENT"
    REJECTION_UNKNOWN_INSTANCES = "REJECTION_UNKNOWN_INSTANCES"

    # The service.
    SETTINGS_INVALID = "SETTINGS_INVALID"
    OBJECT_TOO_LARGE = "OBJECT_TOO_LARGE"
    WORKER_TIMEOUT = "WORKER_TIMEOUT"
    WORKER_DIED = "WORKER_DIED"
    WORKER_OUT_OF_MEMORY = "WORKER_OUT_OF_MEMORY"
    SERVICE_CRASHED = "SERVICE_CRASHED"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    DELIVERY_OVERDUE = "DELIVERY_OVERDUE"
    PATIENT_MISMATCH = "PATIENT_MISMATCH"
    RUN_UNKNOWN = "RUN_UNKNOWN"
    NOTHING_TO_RETRY = "NOTHING_TO_RETRY"
    BACKUP_INVALID = "BACKUP_INVALID"
    REGISTER_NOT_EMPTY = "REGISTER_NOT_EMPTY"
    DISK_UNUSABLE = "DISK_UNUSABLE"
    DISK_LOW = "DISK_LOW"
    PORT_IN_USE = "PORT_IN_USE"
    CLOCK_WRONG = "CLOCK_WRONG"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    ACCEPTANCE_DIFFERS = "ACCEPTANCE_DIFFERS"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A result withheld, and why.

    Attributes
    ----------
    code : stable code
    reason : one English sentence for the reader of the report, without patient data
    subject : what was refused: ``"age"``, a disc level such as ``"L4/L5"``,
        a disc level and scale such as ``"L4/L5 pfirrmann"``, or ``"study"``
    """

    code: Code
    reason: str
    subject: str


@dataclass(frozen=True, slots=True)
class Caution:
    """A doubt that does not withhold the result; printed on the report."""

    code: Code
    reason: str


class SpineError(Exception):
    """Nothing can be written; carries a code and a reason without patient data."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason

    def __reduce__(self) -> tuple[type["SpineError"], tuple[Code, str]]:
        """Survive pickling between processes, which replays ``args`` otherwise."""
        return type(self), (self.code, self.reason)


class InputError(SpineError):
    """The input folder is missing, empty, unreadable, or holds two patients."""


class UnsuitableSeriesError(SpineError):
    """A series cannot be turned into a volume."""


class GeometryError(SpineError):
    """Positions or orientations contradict each other."""


class OutOfFieldError(GeometryError):
    """A region lies too far outside the volume."""


class SegmentationError(SpineError):
    """The spine could not be segmented."""


class ModelIntegrityError(SpineError):
    """Weights, plans or card are missing, changed, or not approved."""
