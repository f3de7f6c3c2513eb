import pytest
from pydicom import Dataset

from spine.dicom.identifiers import (
    DEVICE_UID,
    MANUFACTURER_MODEL_NAME,
    is_own_result,
    is_received_uid,
    is_uid,
    uid_from_name,
)


def test_names_give_stable_distinct_valid_uids():
    first, second = uid_from_name("a"), uid_from_name("b")

    assert first == uid_from_name("a") != second
    assert first.startswith("2.25.")
    assert is_uid(first)
    assert is_uid(DEVICE_UID)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "../1.2", "1.2/3", "1..2", "1.02", "1.2.", "1.2\n", "1.a", "1." + "1" * 63],
)
def test_anything_else_is_no_uid(text):
    assert not is_uid(text)


@pytest.mark.parametrize("text", ["1.2.840", "1.02", "1.2.392.007.1"])
def test_uid_with_leading_zeros_is_taken_from_others(text):
    assert is_received_uid(text)


@pytest.mark.parametrize(
    "text", ["", "..", "../1.2", "1.2/3", "1..2", "1.2.", "1.2\n", "1.a", "1." + "1" * 63]
)
def test_nothing_that_could_be_a_path_is(text):
    assert not is_received_uid(text)


def test_own_results_are_recognized_by_model_or_device():
    by_model, by_device, foreign = Dataset(), Dataset(), Dataset()
    by_model.ManufacturerModelName = MANUFACTURER_MODEL_NAME
    by_device.ContributingEquipmentSequence = [Dataset()]
    by_device.ContributingEquipmentSequence[0].DeviceUID = DEVICE_UID
    foreign.ManufacturerModelName = "Ingenia"

    assert is_own_result(by_model)
    assert is_own_result(by_device)
    assert not is_own_result(foreign)
    assert not is_own_result(Dataset())
