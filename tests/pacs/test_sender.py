import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, MRImageStorage, RawDataStorage
from pynetdicom.association import Association

from pacs.listener import StoreStatus
from pacs.sender import Destination, SendError, SendFailure, Stored, send
from tests.pacs.conftest import Recorder

Listen = Callable[..., Destination]
WriteInstance = Callable[..., Path]


def test_objects_are_sent_in_order_and_each_is_reported(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    paths = [write_instance("b.dcm"), write_instance("a.dcm", RawDataStorage)]
    stored: list[Stored] = []
    send(paths, listen(), stored.append)
    assert [item.path for item in stored] == paths
    assert [item.status for item in stored] == [0, 0]
    assert [item.meta.sop_instance_uid for item in recorder.received] == [
        item.sop_instance_uid for item in stored
    ]


def test_refused_transfer_syntax_is_named_and_nothing_is_sent(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    paths = [
        write_instance("a.dcm"),
        write_instance("b.dcm", RawDataStorage, DeflatedExplicitVRLittleEndian),
    ]
    with pytest.raises(SendError, match="Raw Data Storage") as caught:
        send(paths, listen(), lambda _: None)
    assert caught.value.failure is SendFailure.CONTEXT_REJECTED
    assert recorder.received == []


def test_all_contexts_refused_is_a_named_failure(
    listen: Listen, write_instance: WriteInstance
) -> None:
    path = write_instance("b.dcm", MRImageStorage, DeflatedExplicitVRLittleEndian)
    with pytest.raises(SendError, match="MR Image Storage") as caught:
        send([path], listen(), lambda _: None)
    assert caught.value.failure is SendFailure.CONTEXT_REJECTED


def test_refused_status_stops_with_the_status_and_the_uid(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    recorder.answer = StoreStatus.OUT_OF_RESOURCES
    paths = [write_instance("a.dcm", SOPInstanceUID="1.9.9"), write_instance("b.dcm")]
    stored: list[Stored] = []
    with pytest.raises(SendError, match=r"0xA700 for 1\.9\.9") as caught:
        send(paths, listen(), stored.append)
    assert caught.value.failure is SendFailure.NOT_STORED
    assert stored == []


def test_warning_status_counts_as_stored(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    recorder.answer = 0xB000  # type: ignore[assignment]
    stored: list[Stored] = []
    send([write_instance("a.dcm")], listen(), stored.append)
    assert [item.status for item in stored] == [0xB000]


def test_file_that_is_no_dicom_is_a_named_failure(listen: Listen, tmp_path: Path) -> None:
    path = tmp_path / "noise.dcm"
    path.write_bytes(b"noise")
    with pytest.raises(SendError) as caught:
        send([path], listen(), lambda _: None)
    assert caught.value.failure is SendFailure.FILE_UNREADABLE


def test_answer_is_not_lost_to_the_reactor(
    listen: Listen, write_instance: WriteInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_reactor = Association._run_reactor

    def run_reactor_late(association: Association) -> None:
        # Woken, but not yet running again: what a busy machine does once in a while.
        checkpoint = association._reactor_checkpoint
        wait = checkpoint.wait
        checkpoint.wait = lambda: (wait(), time.sleep(0.01))
        run_reactor(association)

    monkeypatch.setattr(Association, "_run_reactor", run_reactor_late)
    paths = [write_instance(f"{number}.dcm") for number in range(20)]
    stored: list[Stored] = []
    send(paths, replace(listen(), timeout_s=1), stored.append)
    assert len(stored) == 20
