"""What can be wrong with a labeled data set. Names cases and files, never a patient."""

from enum import StrEnum


class Fault(StrEnum):
    """Stable strings, by what the user has to mend."""

    MAPPING_INVALID = "MAPPING_INVALID"
    CASES_ABSENT = "CASES_ABSENT"
    CASE_DUPLICATE = "CASE_DUPLICATE"
    CASE_UNNAMED = "CASE_UNNAMED"
    IMAGE_MISSING = "IMAGE_MISSING"
    LABELS_MISSING = "LABELS_MISSING"
    TABLE_INVALID = "TABLE_INVALID"
    UNREADABLE = "UNREADABLE"
    GRIDS_DIFFER = "GRIDS_DIFFER"
    LABEL_UNKNOWN = "LABEL_UNKNOWN"
    FOLDS_INVALID = "FOLDS_INVALID"


class LabeledDataError(Exception):
    """The data set cannot be used as it is; carries a fault and a reason."""

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(f"{fault}: {reason}")
        self.fault = fault
        self.reason = reason
