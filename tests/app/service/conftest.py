"""A register on an empty disk, and instances to put into it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from app.service.intake import Intake
from app.service.register import Register
from pacs.listener import ReceivedInstance
from pacs.part10 import FileMeta, encode_header

MakeInstance = Callable[..., ReceivedInstance]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    return register


@pytest.fixture
def make_instance() -> MakeInstance:
    def make(
        uid: str = "1.2.3.4",
        *,
        study: str | None = "1.2.3",
        sop_class: str = MRImageStorage,
        is_consistent: bool = True,
        patient: str = "P1",
        series: str = "",
        route: tuple[str, str] = ("SENDER", "SPINEMAP"),
    ) -> ReceivedInstance:
        data_set = Dataset()
        data_set.SOPClassUID = sop_class
        data_set.SOPInstanceUID = uid
        data_set.PatientID = patient
        data_set.StudyInstanceUID = study or ""
        if series:
            data_set.SeriesInstanceUID = series
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_dataset(buffer, data_set)
        meta = FileMeta(sop_class, uid, ExplicitVRLittleEndian, *route)
        return ReceivedInstance(meta, study, is_consistent, encode_header(meta), buffer.getvalue())

    return make


@pytest.fixture
def keep(register: Register, make_instance: MakeInstance) -> Callable[..., None]:
    """Put instances into the register as the listener would."""
    intake = Intake(register, lambda _arrival: None)

    def keep(**arguments: object) -> None:
        intake.store(make_instance(**arguments))

    return keep
