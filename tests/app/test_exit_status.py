import pytest

from app.exit_status import ExitStatus, exit_status
from app.service.worker import WorkerStartError
from spine.errors import Code, InputError, ModelIntegrityError, SegmentationError, SpineError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SpineError(Code.SETTINGS_INVALID, ""), ExitStatus.USAGE),
        (InputError(Code.INPUT_EMPTY, ""), ExitStatus.INPUT),
        (InputError(Code.TOO_LARGE, ""), ExitStatus.INPUT),
        (InputError(Code.TWO_PATIENTS, ""), ExitStatus.INPUT),
        (ModelIntegrityError(Code.MODEL_TAMPERED, ""), ExitStatus.MODEL),
        (WorkerStartError(Code.MODEL_NOT_APPROVED, ""), ExitStatus.MODEL),
        (WorkerStartError(Code.SETTINGS_INVALID, ""), ExitStatus.USAGE),
        (SegmentationError(Code.SEGMENTATION_FAILED, ""), ExitStatus.INTERNAL),
        (KeyError("anything"), ExitStatus.INTERNAL),
    ],
)
def test_every_error_has_its_status(error: BaseException, status: ExitStatus) -> None:
    assert exit_status(error) is status


def test_numbers_are_those_of_the_contract() -> None:
    assert [status.value for status in ExitStatus] == [0, 2, 3, 4, 5]
