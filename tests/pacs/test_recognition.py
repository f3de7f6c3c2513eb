from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage

from pacs.part10 import seek_data_set
from pacs.recognition import DataSetFacts, read_facts

WriteInstance = Callable[..., Path]


def _facts(path: Path, syntax: str = ExplicitVRLittleEndian) -> DataSetFacts:
    with path.open("rb") as file:
        seek_data_set(file)
        return read_facts(path, file.tell(), UID(syntax))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_identity_and_equipment_are_read(write_instance: WriteInstance, syntax: str) -> None:
    contributing = Dataset()
    contributing.DeviceUID = "1.2.9"
    path = write_instance(
        "a.dcm",
        syntax=syntax,
        SOPInstanceUID="1.2.3.4",
        ManufacturerModelName="Model",
        DeviceUID="1.2.8",
        ContributingEquipmentSequence=[contributing],
    )
    assert _facts(path, syntax) == DataSetFacts(
        MRImageStorage, "1.2.3.4", "1.2.3", "Model", ("1.2.8", "1.2.9")
    )


def test_study_behind_long_elements_is_found(write_instance: WriteInstance) -> None:
    referenced = [Dataset() for _ in range(2000)]
    for number, item in enumerate(referenced):
        item.ReferencedSOPInstanceUID = f"1.2.3.{number}"
    path = write_instance("a.dcm", ReferencedImageSequence=referenced)
    assert path.stat().st_size > 50_000
    assert _facts(path).study_instance_uid == "1.2.3"


def test_noise_has_no_facts(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\xff" * 100_000)
    assert read_facts(path, 0, ExplicitVRLittleEndian) == DataSetFacts()


def test_missing_file_has_no_facts(tmp_path: Path) -> None:
    assert read_facts(tmp_path / "gone", 0, ExplicitVRLittleEndian) == DataSetFacts()
