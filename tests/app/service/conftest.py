"""A register on an empty disk, and instances to put into it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from app.service.intake import Intake
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.part10 import FileMeta
from pacs.peers import Admission
from pacs.recognition import DataSetFacts
from pacs.spool import Spool

MakeInstance = Callable[..., ReceivedInstance]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    return register


@pytest.fixture
def make_instance(tmp_path: Path) -> MakeInstance:
    (tmp_path / "incoming").mkdir()

    def make(  # noqa: PLR0913 - what a test does not name has its default
        uid: str = "1.2.3.4",
        *,
        study: str | None = "1.2.3",
        sop_class: str = MRImageStorage,
        is_consistent: bool = True,
        patient: str = "P1",
        series: str = "",
        route: tuple[str, str] = ("SENDER", "SPINEMAP"),
        facts: DataSetFacts | None = None,
        spool: Spool | None = None,
    ) -> ReceivedInstance:
        meta = FileMeta(sop_class, uid, ExplicitVRLittleEndian, *route)
        file = (spool or Spool(tmp_path / "incoming")).open(meta)
        file.write(_data_set(uid, study or "", sop_class, patient, series))
        said = uid if is_consistent else f"{uid}.9"
        return ReceivedInstance(
            file,
            replace(
                facts or DataSetFacts(),
                study_instance_uid=study or "",
                sop_class_uid=sop_class,
                sop_instance_uid=said,
            ),
        )

    return make


def _data_set(uid: str, study: str, sop_class: str, patient: str, series: str) -> bytes:
    data_set = Dataset()
    data_set.SOPClassUID = sop_class
    data_set.SOPInstanceUID = uid
    data_set.PatientID = patient
    data_set.StudyInstanceUID = study
    if series:
        data_set.SeriesInstanceUID = series
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, data_set)
    return buffer.getvalue()


@pytest.fixture
def keep(register: Register, make_instance: MakeInstance) -> Callable[..., None]:
    """Put instances into the register as the listener would."""
    intake = Intake(register, lambda _arrival: None)

    def keep(**arguments: object) -> None:
        intake.store(make_instance(**arguments))

    return keep


@pytest.fixture
def received() -> list[ReceivedInstance]:
    """What the PACS got."""
    return []


@pytest.fixture
def pacs(received: list[ReceivedInstance]) -> Iterator[Listener]:
    """A PACS that takes everything."""

    def store(instance: ReceivedInstance) -> StoreStatus:
        received.append(instance)
        return StoreStatus.SUCCESS

    listener = Listener(ListenerSettings("127.0.0.1", 0, Admission(("PACS",), ())), store)
    listener.start()
    yield listener
    listener.stop()
