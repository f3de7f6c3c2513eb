import errno
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, SecondaryCaptureImageStorage

from app.service.arrivals import Arrival
from app.service.intake import Intake
from app.service.marks import received_titles
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.recognition import DataSetFacts
from pacs.sender import Destination, send
from pacs.spool import Shortfall, Spool, SpoolLimits
from spine.dicom.identifiers import DEVICE_UID, MANUFACTURER_MODEL_NAME
from tests.app.service.instances import instance

MakeInstance = Callable[..., ReceivedInstance]


@pytest.fixture
def arrivals() -> list[Arrival]:
    return []


@pytest.fixture
def intake(register: Register, arrivals: list[Arrival]) -> Intake:
    return Intake(register, arrivals.append)


@pytest.fixture
def destination(intake: Intake, register: Register) -> Iterator[Destination]:
    listener = Listener(
        ListenerSettings("127.0.0.1", 0, Admission(("SPINEMAP",), ())),
        intake.store,
        Spool(register.staging),
    )
    listener.start()
    yield Destination("127.0.0.1", listener.port, "SPINEMAP", "SENDER")
    listener.stop()


def _written(tmp_path: Path, instance: ReceivedInstance) -> Path:
    path = tmp_path / "sent.dcm"
    path.write_bytes(instance.header + instance.data_set)
    return path


def test_answer_comes_after_fsync_rename_and_fsync_of_the_folder(
    destination: Destination,
    make_instance: MakeInstance,
    register: Register,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[Arrival] = []
    real = {name: getattr(os, name) for name in ("fsync", "rename")}

    def fsync(descriptor: int) -> None:
        real["fsync"](descriptor)
        calls.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))

    def rename(source: Path, target: Path) -> None:
        real["rename"](source, target)
        calls.append(("rename", str(target)))

    path = _written(tmp_path, make_instance())
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    send([path], destination, lambda stored: calls.append(("answer", stored.sop_instance_uid)))
    folder = register.input_folder("1.2.3")
    kind_of_last = [name for name, _ in calls[-4:]]
    assert kind_of_last == ["fsync", "rename", "fsync", "answer"]
    assert Path(calls[-4][1]).parent == register.staging
    assert calls[-3] == ("rename", str(folder / "1.2.3.4.dcm"))
    assert calls[-2] == ("fsync", str(folder))
    # The study's own folders were made durable before anything was put into them.
    assert ("fsync", str(folder.parent)) in calls[:-4]


def test_bytes_sender_and_called_title_are_in_the_file(
    intake: Intake, make_instance: MakeInstance, register: Register
) -> None:
    instance = make_instance()
    assert intake.store(instance) is StoreStatus.SUCCESS
    path = register.instance_path("1.2.3", "1.2.3.4")
    assert path.read_bytes().endswith(instance.data_set)
    meta = pydicom.dcmread(path).file_meta
    assert meta[0x00020016].value == "SENDER"
    assert meta[0x00020018].value == "SPINEMAP"


@pytest.mark.parametrize("call", ["fsync", "rename", "open"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_what_is_not_durable_is_not_acknowledged(
    intake: Intake,
    make_instance: MakeInstance,
    arrivals: list[Arrival],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    error: int,
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(error, os.strerror(error))

    instance = make_instance()
    monkeypatch.setattr(os, call, fail)
    assert intake.store(instance) is StoreStatus.OUT_OF_RESOURCES
    assert arrivals == []


def test_same_instance_again_is_acknowledged_and_changes_nothing(
    intake: Intake, make_instance: MakeInstance, register: Register, arrivals: list[Arrival]
) -> None:
    intake.store(make_instance())
    before = register.instance_path("1.2.3", "1.2.3.4").stat()
    assert intake.store(make_instance()) is StoreStatus.SUCCESS
    assert register.instance_path("1.2.3", "1.2.3.4").stat().st_ino == before.st_ino
    assert len(arrivals) == 1
    assert list(register.aside.iterdir()) == []


def test_same_uid_with_other_bytes_is_put_aside_and_flagged(
    intake: Intake, make_instance: MakeInstance, register: Register
) -> None:
    first, second = make_instance(), make_instance(patient="P2")
    intake.store(first)
    assert intake.store(second) is StoreStatus.SUCCESS
    assert register.instance_path("1.2.3", "1.2.3.4").read_bytes().endswith(first.data_set)
    facts, content = sorted(register.aside.iterdir(), key=lambda path: path.suffix, reverse=True)
    assert content.read_bytes().endswith(second.data_set)
    assert json.loads(facts.read_text())["code"] == "CONFLICTING_DUPLICATE"
    assert register.conflicts("1.2.3") == [content.stem]
    assert register.conflicts("1.2.4") == []


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"study": None}, StoreStatus.CANNOT_UNDERSTAND),
        ({"study": "../../etc"}, StoreStatus.CANNOT_UNDERSTAND),
        ({"is_consistent": False}, StoreStatus.DOES_NOT_MATCH_SOP_CLASS),
    ],
    ids=["no study", "path as study", "contradiction"],
)
def test_what_cannot_be_filed_is_refused_and_kept_aside(
    intake: Intake,
    make_instance: MakeInstance,
    register: Register,
    arguments: dict[str, object],
    status: StoreStatus,
) -> None:
    assert intake.store(make_instance(**arguments)) is status
    assert register.studies() == []
    assert len(list(register.aside.glob("*.bin"))) == 1
    assert len(list(register.aside.glob("*.json"))) == 1


@pytest.mark.parametrize(
    "facts",
    [
        DataSetFacts(manufacturer_model_name=MANUFACTURER_MODEL_NAME),
        DataSetFacts(device_uids=("1.2.9", DEVICE_UID)),
    ],
    ids=["model", "device"],
)
def test_own_result_is_acknowledged_and_input_of_nothing(
    intake: Intake,
    make_instance: MakeInstance,
    register: Register,
    arrivals: list[Arrival],
    facts: DataSetFacts,
) -> None:
    assert intake.store(make_instance(facts=facts)) is StoreStatus.SUCCESS
    assert arrivals == []
    assert register.studies() == []
    assert register.returned_path("1.2.3", "1.2.3.4").is_file()


def test_own_result_is_recognized_in_what_the_listener_received(
    destination: Destination, tmp_path: Path, register: Register, arrivals: list[Arrival]
) -> None:
    result = Dataset()
    result.file_meta = FileMetaDataset()
    result.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    result.SOPClassUID, result.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3.7"
    result.StudyInstanceUID, result.DeviceUID = "1.2.3", DEVICE_UID
    path = tmp_path / "result.dcm"
    result.save_as(path, enforce_file_format=True)
    send([path], destination, lambda _: None)
    assert register.returned_path("1.2.3", "1.2.3.7").is_file()
    assert arrivals == []


def test_arrival_says_who_sent_and_whether_it_is_urgent(
    intake: Intake, make_instance: MakeInstance, arrivals: list[Arrival]
) -> None:
    intake.store(replace(make_instance(), is_urgent=True))
    assert arrivals == [Arrival("1.2.3", MRImageStorage, "SENDER", "SPINEMAP", is_urgent=True)]


def test_expectation_is_told_before_the_instance_is_in_its_place(
    register: Register, make_instance: MakeInstance
) -> None:
    told: list[tuple[str, bool]] = []
    path = register.instance_path("1.2.3", "1.2.3.4")

    def expect(uid: str, arrival: Arrival) -> None:
        told.append((uid, path.exists()))

    Intake(register, lambda _: told.append(("arrived", path.exists())), expect).store(
        make_instance()
    )
    assert told == [("1.2.3.4", False), ("arrived", True)]


def test_expectation_is_told_before_a_name_of_ours_is_noted(
    register: Register, make_instance: MakeInstance
) -> None:
    marks: list[frozenset[str]] = []
    intake = Intake(register, lambda _: None, lambda *_: marks.append(register.marks("1.2.3")))
    intake.store(make_instance())
    assert marks == [frozenset()]
    assert received_titles(register, "1.2.3") == {"SPINEMAP"}


@pytest.mark.parametrize("first", ["SPINEMAP", None], ids=["a duplicate", "a new instance"])
def test_arrival_is_told_though_the_disk_failed_behind_its_rename(
    intake: Intake,
    make_instance: MakeInstance,
    register: Register,
    arrivals: list[Arrival],
    monkeypatch: pytest.MonkeyPatch,
    first: str | None,
) -> None:
    if first is not None:
        intake.store(make_instance())
        arrivals.clear()

    def fail(_folder: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("app.service.intake.fsync_folder", fail)
        instance = make_instance(route=("SENDER", "TRIAL"))
        assert intake.store(instance) is StoreStatus.OUT_OF_RESOURCES
    assert intake.store(make_instance(route=("SENDER", "TRIAL"))) is StoreStatus.SUCCESS
    assert arrivals == [Arrival("1.2.3", MRImageStorage, "SENDER", "TRIAL")]
    assert "TRIAL" in received_titles(register, "1.2.3")


def test_too_large_instance_is_refused_and_only_its_facts_are_kept(
    intake: Intake, make_instance: MakeInstance, register: Register, tmp_path: Path
) -> None:
    spool = Spool(tmp_path, SpoolLimits(maximum_bytes=10))
    for _ in range(3):
        assert intake.store(make_instance(spool=spool)) is StoreStatus.CANNOT_UNDERSTAND
    (facts,) = register.aside.iterdir()
    assert json.loads(facts.read_text())["code"] == "OBJECT_TOO_LARGE"
    assert json.loads(facts.read_text())["data_set_bytes"] > 10
    assert register.studies() == []


def test_full_disk_is_answered_as_such(
    intake: Intake,
    make_instance: MakeInstance,
    arrivals: list[Arrival],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spool = Spool(tmp_path, SpoolLimits(reserve_bytes=1))
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "has_room", lambda _spool: False)
        assert intake.store(make_instance(spool=spool)) is StoreStatus.OUT_OF_RESOURCES
    assert arrivals == []
    assert intake.store(make_instance(spool=spool)) is StoreStatus.SUCCESS


def test_failed_write_is_never_acknowledged(
    intake: Intake, make_instance: MakeInstance, register: Register, tmp_path: Path
) -> None:
    instance = make_instance()
    instance.file.shortfall = Shortfall.WRITE_FAILED
    assert intake.store(instance) is StoreStatus.OUT_OF_RESOURCES
    assert list(register.aside.iterdir()) == []


def _store_in_a_process(start: Barrier, register: Register, incoming: Path, patient: str) -> None:
    received = instance(spool=Spool(incoming), patient=patient)
    start.wait(60)
    status = Intake(register, lambda _arrival: None).store(received)
    sys.exit(int(status is not StoreStatus.SUCCESS))


@pytest.mark.slow
def test_one_instance_from_many_processes_at_once_loses_no_version(
    register: Register, tmp_path: Path
) -> None:
    (tmp_path / "incoming").mkdir()
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(12)
    patients = [f"P{number % 3}" for number in range(12)]
    processes = [
        context.Process(
            target=_store_in_a_process,
            args=(start, register, tmp_path / "incoming", patient),
            daemon=True,
        )
        for patient in patients
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 12
    paths = [register.instance_path("1.2.3", "1.2.3.4"), *register.aside.glob("*.bin")]
    assert {pydicom.dcmread(path).PatientID for path in paths} == set(patients)
    assert len(register.conflicts("1.2.3")) == 2


def test_damaged_file_counts_as_another_version(
    intake: Intake, make_instance: MakeInstance, register: Register
) -> None:
    intake.store(make_instance())
    register.instance_path("1.2.3", "1.2.3.4").write_bytes(b"damaged")
    assert intake.store(make_instance()) is StoreStatus.SUCCESS
    assert len(register.conflicts("1.2.3")) == 1
