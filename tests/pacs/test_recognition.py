from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage

from pacs.part10 import FileMeta, seek_data_set
from pacs.recognition import DataSetFacts, read_facts
from pacs.spool import Spool

WriteInstance = Callable[..., Path]


def _facts(path: Path, syntax: str = ExplicitVRLittleEndian) -> DataSetFacts:
    with path.open("rb") as file:
        seek_data_set(file)
        return _received_facts(path.parent, file.read(), syntax)


def _received_facts(
    folder: Path, data_set: bytes, syntax: str = ExplicitVRLittleEndian
) -> DataSetFacts:
    file = Spool(folder).open(FileMeta(MRImageStorage, "1.2.3.4", syntax))
    file.write(data_set)
    return read_facts(file)


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


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_sequence_of_undefined_length_is_read(write_instance: WriteInstance, syntax: str) -> None:
    items = [Dataset(), Dataset()]
    items[1].DeviceUID = "1.2.9"
    data_set = Dataset()
    data_set.ContributingEquipmentSequence = items
    data_set["ContributingEquipmentSequence"].is_undefined_length = True
    path = write_instance("a.dcm", syntax=syntax, DeviceUID="", ManufacturerModelName="M ")
    held = dcmread(path)
    held.update(data_set)
    held.save_as(path)
    facts = _facts(path, syntax)
    assert (facts.device_uids, facts.manufacturer_model_name) == (("1.2.9",), "M")
    assert facts.study_instance_uid == "1.2.3"


def test_name_in_another_alphabet_hides_no_study(write_instance: WriteInstance) -> None:
    path = write_instance("a.dcm", SpecificCharacterSet="ISO_IR 192", ManufacturerModelName="断層")
    assert _facts(path).study_instance_uid == "1.2.3"


def test_study_behind_long_elements_is_found(write_instance: WriteInstance) -> None:
    referenced = [Dataset() for _ in range(2000)]
    for number, item in enumerate(referenced):
        item.ReferencedSOPInstanceUID = f"1.2.3.{number}"
    path = write_instance("a.dcm", ReferencedImageSequence=referenced)
    assert path.stat().st_size > 50_000
    assert _facts(path).study_instance_uid == "1.2.3"


def test_noise_has_no_facts(tmp_path: Path) -> None:
    assert _received_facts(tmp_path, b"\xff" * 100_000) == DataSetFacts()


def test_file_that_could_not_be_written_has_no_facts(tmp_path: Path) -> None:
    assert _received_facts(tmp_path / "absent", b"\0" * 100) == DataSetFacts()
