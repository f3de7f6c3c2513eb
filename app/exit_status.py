"""What the process says to whoever started it (docs/architecture.md, Exit status)."""

from enum import IntEnum

from spine.errors import Code, InputError, ModelIntegrityError, SpineError

_INPUT = (
    Code.INPUT_MISSING,
    Code.INPUT_EMPTY,
    Code.NOT_DICOM,
    Code.TRUNCATED,
    Code.TWO_PATIENTS,
    Code.TWO_STUDIES,
)
_USAGE = (
    Code.SETTINGS_INVALID,
    Code.OUTPUT_UNWRITABLE,
    Code.DEVICE_MISSING,
)
_MODEL = (
    Code.MODEL_MISSING,
    Code.MODEL_TAMPERED,
    Code.MODEL_NOT_APPROVED,
    Code.MODEL_INVALID,
)


class ExitStatus(IntEnum):
    """0: results.json written, refusals and "no candidate" included."""

    SUCCESS = 0
    USAGE = 2
    INPUT = 3
    MODEL = 4
    INTERNAL = 5


def exit_status(error: BaseException) -> ExitStatus:
    """Return the status for an error; by its code, since it may come from another process."""
    if not isinstance(error, SpineError):
        return ExitStatus.INTERNAL
    if error.code in _USAGE:
        return ExitStatus.USAGE
    if isinstance(error, InputError) or error.code in _INPUT:
        return ExitStatus.INPUT
    if isinstance(error, ModelIntegrityError) or error.code in _MODEL:
        return ExitStatus.MODEL
    return ExitStatus.INTERNAL
