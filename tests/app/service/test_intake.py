import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest

from app.service.arrivals import Arrival
from app.service.intake import Intake
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, send
from pacs.spool import Spool

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
