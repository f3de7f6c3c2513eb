import threading
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydicom.uid import ImplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE
from pynetdicom.presentation import build_context

from pacs.listener import Listener, StoreStatus
from pacs.part10 import seek_data_set
from pacs.peers import Peer
from pacs.sender import Destination, SendError, SendFailure, Stored, echo, send
from tests.pacs.conftest import Recorder

Listen = Callable[..., Destination]
WriteInstance = Callable[..., Path]


def _data_set(path: Path) -> bytes:
    with path.open("rb") as file:
        seek_data_set(file)
        return file.read()


def test_bytes_arrive_as_they_were_sent(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    path = write_instance("a.dcm", PatientName="Müller^Jürgen", SpecificCharacterSet="ISO_IR 100")
    send([path], listen(), lambda _: None)
    (received,) = recorder.received
    assert received.data_set == _data_set(path)
    assert received.study_instance_uid == "1.2.3"
    assert received.is_consistent
    assert (received.meta.source_ae, received.meta.receiving_ae) == ("SENDER", "SPINEMAP")


def test_second_title_of_ours_is_accepted_and_kept(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    send([write_instance("a.dcm")], replace(listen(), ae_title="SPINEMAP2"), lambda _: None)
    assert recorder.received[0].meta.receiving_ae == "SPINEMAP2"


@pytest.mark.parametrize(
    "change",
    [{"ae_title": "SOMEBODY"}, {"calling_ae_title": "STRANGER"}],
    ids=["called", "calling"],
)
def test_unknown_titles_are_rejected(listen: Listen, change: dict[str, str]) -> None:
    with pytest.raises(SendError) as caught:
        echo(replace(listen(), **change))  # type: ignore[arg-type]
    assert caught.value.failure is SendFailure.ASSOCIATION_REJECTED


def test_listed_title_from_another_address_is_rejected(listen: Listen) -> None:
    with pytest.raises(SendError) as caught:
        echo(listen(peers=(Peer("SENDER", (ip_network("10.0.0.1"),)),)))
    assert caught.value.failure is SendFailure.ASSOCIATION_REJECTED


def test_echo_is_answered(listen: Listen) -> None:
    echo(listen())


def test_instance_that_contradicts_its_request_is_marked(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    path = write_instance("a.dcm", SOPInstanceUID="1.2.3.4")
    content = path.read_bytes()
    last = content.rindex(b"1.2.3.4")
    path.write_bytes(content[:last] + b"1.2.3.9" + content[last + 7 :])
    send([path], listen(), lambda _: None)
    assert not recorder.received[0].is_consistent


def test_data_set_of_noise_reaches_the_store_without_study(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    path = write_instance("a.dcm")
    path.write_bytes(path.read_bytes()[: -len(_data_set(path))] + b"\xff" * 300)
    recorder.answer = StoreStatus.CANNOT_UNDERSTAND
    with pytest.raises(SendError, match="0xC000"):
        send([path], listen(), lambda _: None)
    assert recorder.received[0].study_instance_uid is None


def test_explicit_vr_is_chosen_where_the_peer_offers_both(listen: Listen) -> None:
    destination = listen()
    context = build_context(MRImageStorage, [ImplicitVRLittleEndian, "1.2.840.10008.1.2.1"])
    association = AE("SENDER").associate(
        destination.host, destination.port, contexts=[context], ae_title="SPINEMAP"
    )
    assert association.accepted_contexts[0].transfer_syntax == ["1.2.840.10008.1.2.1"]
    association.release()


def test_associations_are_bounded(listen: Listen) -> None:
    destination = listen(maximum_associations=1)
    entity = AE("SENDER")
    context = build_context(MRImageStorage)
    arguments = {"contexts": [context], "ae_title": "SPINEMAP"}
    first = entity.associate(destination.host, destination.port, **arguments)
    second = entity.associate(destination.host, destination.port, **arguments)
    assert first.is_established
    assert second.is_rejected
    first.release()


def test_silent_association_is_aborted(listen: Listen) -> None:
    destination = listen(idle_timeout_s=0.3)
    association = AE("SENDER").associate(
        destination.host,
        destination.port,
        contexts=[build_context(MRImageStorage)],
        ae_title="SPINEMAP",
    )
    association.join(5)
    assert association.is_aborted


def test_small_answers_are_sent_at_once(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    paths = [write_instance(f"{number}.dcm") for number in range(20)]
    started = time.monotonic()
    send(paths, listen(), lambda _: None)
    assert len(recorder.received) == 20
    # Nagle and delayed ACK would cost 40 ms an object.
    assert time.monotonic() - started < 0.8


def test_stop_lets_a_running_association_finish(
    write_instance: WriteInstance, listen: Listen, listeners: list[Listener], recorder: Recorder
) -> None:
    inside = threading.Event()
    recorder.hold = lambda: (inside.set(), time.sleep(0.3))
    destination, path = listen(), write_instance("a.dcm")
    confirmed: list[Stored] = []
    sending = threading.Thread(target=send, args=([path], destination, confirmed.append))
    sending.start()
    assert inside.wait(5)
    listeners[0].stop(grace_s=5)
    sending.join(5)
    assert len(confirmed) == 1


def test_stopped_listener_is_unreachable(listen: Listen, listeners: list[Listener]) -> None:
    destination = listen()
    listeners[0].stop()
    with pytest.raises(SendError) as caught:
        echo(destination)
    assert caught.value.failure is SendFailure.UNREACHABLE
