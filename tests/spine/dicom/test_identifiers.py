from pathlib import Path

import pytest
from pydicom import Dataset

from spine.dicom.identifiers import (
    DEVICE_UID,
    MANUFACTURER_MODEL_NAME,
    is_own_result,
    is_uid,
    path_from_uid,
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
def test_anything_but_a_uid_makes_no_path(text):
    assert not is_uid(text)
    with pytest.raises(ValueError, match="UID"):
        path_from_uid(Path("in"), text, ".dcm")


def test_path_is_inside_the_folder():
    assert path_from_uid(Path("in"), "1.2.840", ".dcm") == Path("in/1.2.840.dcm")


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
