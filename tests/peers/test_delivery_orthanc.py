"""The delivery against a real PACS: Orthanc over C-STORE, C-FIND, storage commitment, STOW-RS."""

import getpass
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from pydicom.uid import MRImageStorage

from app.service.delivery import (
    COMMITMENT_PENDING,
    DELIVERED,
    HELD,
    CommitmentBook,
    Delivery,
    probe,
    release,
)
from app.service.delivery.routes import CommitmentRule, Route
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, StoreStatus
from pacs.part10 import seek_data_set
from pacs.peers import Admission, Peer
from pacs.sender import Destination, SendError, send
from pacs.stow import StowService
from tests.app.service.served import free_port, until
from tests.peers.conftest import FindProgram, Orthanc
from tests.peers.objects import REPORT, SEGMENTATION, write_object

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("orthanc")]

STUDY = "1.2.826.0.1.3680043.10.2"
RUN = f"{STUDY}.1"
NAMES = ("segmentation.dcm", "report.dcm")


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    return register


@pytest.fixture
def received(register: Register) -> Path:
    """Return the one instance that was received of the study."""
    path = register.instance_path(STUDY, f"{STUDY}.0.1")
    path.parent.mkdir(parents=True)
    return write_object(path, MRImageStorage, f"{STUDY}.0.1", STUDY)


@pytest.fixture
def objects(register: Register, received: Path) -> list[Path]:
    record = RunRecord(RUN, "2026-01-02T03:04:05+00:00", "default", (received.stem,), ("pacs",))
    register.write_run(record)
    _source, output = register.open_work(record)
    (output / "dicom").mkdir()
    for number, (name, kind) in enumerate(zip(NAMES, (SEGMENTATION, REPORT), strict=True)):
        write_object(output / "dicom" / name, kind, f"{RUN}.9.{number}", STUDY)
    register.close_work(RUN, RunOutcome(State.WRITTEN, None, NAMES))
    return [register.run_folder(RUN) / "dicom" / name for name in NAMES]


@pytest.fixture
def our_port() -> int:
    return free_port()


@pytest.fixture
def orthanc_settings(our_port: int) -> dict[str, object]:
    return {"DicomModalities": {"spinemap": ["SPINEMAP", "127.0.0.1", our_port]}}


@pytest.fixture
def listener(register: Register, our_port: int) -> Iterator[Listener]:
    """Take what Orthanc reports."""
    peers = (Peer("ORTHANC", (ip_network("127.0.0.1"),)),)
    settings = ListenerSettings("127.0.0.1", our_port, Admission(("SPINEMAP",), peers))
    keep = CommitmentBook(register).keep
    listener = Listener(settings, lambda _: StoreStatus.SUCCESS, on_report=keep)
    listener.start()
    yield listener
    listener.stop(grace_s=1)


def _destination(orthanc: Orthanc) -> Destination:
    return Destination("127.0.0.1", orthanc.dicom_port, "ORTHANC", "SPINEMAP", timeout_s=10)


def _stored(orthanc: Orthanc) -> set[bytes]:
    """Return the data sets that Orthanc holds."""
    ids = httpx.get(f"{orthanc.web}/instances").json()
    files = (httpx.get(f"{orthanc.web}/instances/{uid}/file").content for uid in ids)
    return {_data_set(content) for content in files}


def _data_set(content: bytes) -> bytes:
    file = BytesIO(content)
    seek_data_set(file)
    return file.read()


def _committed(delivery: Delivery, register: Register) -> str:
    """Deliver; unless Orthanc was quick, wait for its report and look again."""
    state = delivery.deliver(RUN, "pacs")
    if state != COMMITMENT_PENDING:
        return state
    book = CommitmentBook(register)
    (transaction,) = register.receipt(RUN, "pacs").transactions
    until(lambda: book.report(transaction) is not None)
    return delivery.deliver(RUN, "pacs")


def test_orthanc_stores_our_bytes_and_commits_to_them(
    orthanc: Orthanc, register: Register, objects: list[Path], listener: Listener
) -> None:
    destination = _destination(orthanc)
    route = Route(destination, query=destination, commitment=CommitmentRule(True, wait_s=0))
    assert _committed(Delivery(register, {"pacs": route}), register) == DELIVERED
    assert _stored(orthanc) == {_data_set(path.read_bytes()) for path in objects}
    receipt = register.receipt(RUN, "pacs")
    assert receipt.committed == tuple(sorted(NAMES))
    assert receipt.notes == {"patient": "not compared: study unknown"}


def test_what_orthanc_has_lost_is_sent_again(
    orthanc: Orthanc, register: Register, objects: list[Path], listener: Listener
) -> None:
    destination = _destination(orthanc)
    stored = Route(destination)
    delivery = Delivery(register, {"pacs": stored})
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    httpx.delete(f"{orthanc.web}/instances/{httpx.get(f'{orthanc.web}/instances').json()[0]}")
    # As if it had been lost before Orthanc was asked to commit.
    receipt = register.receipt(RUN, "pacs")
    register.write_receipt(RUN, "pacs", replace(receipt, is_complete=False))
    route = replace(stored, commitment=CommitmentRule(True, wait_s=0))
    delivery = Delivery(register, {"pacs": route})
    assert _committed(delivery, register) == "COMMITMENT_FAILED"
    assert len(register.receipt(RUN, "pacs").committed) == 1
    assert _committed(delivery, register) == DELIVERED
    assert _stored(orthanc) == {_data_set(path.read_bytes()) for path in objects}


def test_study_of_another_patient_at_orthanc_is_held_until_released(
    orthanc: Orthanc, register: Register, objects: list[Path], tmp_path: Path
) -> None:
    destination = _destination(orthanc)
    theirs = tmp_path / "theirs.dcm"
    write_object(theirs, MRImageStorage, f"{STUDY}.0.2", STUDY, PatientBirthDate="19010203")
    send([theirs], destination, lambda _: None)
    delivery = Delivery(register, {"pacs": Route(destination, query=destination)})
    assert delivery.deliver(RUN, "pacs") == HELD
    assert len(httpx.get(f"{orthanc.web}/instances").json()) == 1
    assert release(register, RUN, "pacs")
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    assert len(httpx.get(f"{orthanc.web}/instances").json()) == 3


def test_study_of_the_same_patient_at_orthanc_is_compared(
    orthanc: Orthanc, register: Register, objects: list[Path], received: Path
) -> None:
    destination = _destination(orthanc)
    send([received], destination, lambda _: None)
    delivery = Delivery(register, {"pacs": Route(destination, query=destination)})
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    assert register.receipt(RUN, "pacs").notes == {"patient": "compared"}


def test_orthanc_takes_our_bytes_over_stow(
    orthanc: Orthanc, register: Register, objects: list[Path]
) -> None:
    service = StowService(f"{orthanc.web}/dicom-web", timeout_s=10)
    probe(Route(service))
    assert httpx.get(f"{orthanc.web}/instances").json() == []
    delivery = Delivery(register, {"pacs": Route(service)})
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    assert _stored(orthanc) == {_data_set(path.read_bytes()) for path in objects}
    assert register.receipt(RUN, "pacs").objects == dict.fromkeys(NAMES, 0)
    # Once more, after a receipt was lost: the same bytes are the same objects.
    register.delivery_path(RUN, "pacs").unlink()
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    assert len(httpx.get(f"{orthanc.web}/instances").json()) == 2


_PROXY = """
daemon off; {user} pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
    auth_basic "PACS"; auth_basic_user_file {folder}/users;
    location / {{ proxy_pass {web}; proxy_set_header Authorization ""; }}
  }}
}}
"""


@pytest.fixture
def secure(orthanc: Orthanc, program: FindProgram, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Put nginx with TLS and a password before Orthanc; return address and certificate."""
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    openssl = program("openssl")
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem"))
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    hashed = subprocess.run(
        [openssl, "passwd", "-apr1", "sesame"], check=True, capture_output=True, text=True
    )
    (folder / "users").write_text(f"ali:{hashed.stdout}")
    # Its workers must read the password below a folder that is only ours.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    settings = _PROXY.format(folder=folder, port=port, web=orthanc.web, user=user)
    (folder / "nginx.conf").write_text(settings)
    command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "log")]
    with subprocess.Popen(command) as process:
        until(lambda: _is_listening(port))
        yield f"https://127.0.0.1:{port}", folder / "certificate.pem"
        process.terminate()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_stow_through_a_proxy_with_tls_and_a_password(
    orthanc: Orthanc,
    register: Register,
    objects: list[Path],
    secure: tuple[str, Path],
    tmp_path: Path,
) -> None:
    url, ca_file = secure
    password = tmp_path / "password"
    password.write_text("wrong\n")
    unknown = StowService(f"{url}/dicom-web", user="ali", password_file=password, timeout_s=10)
    trusted = replace(unknown, ca_file=ca_file)
    outcome = [
        Delivery(register, {"pacs": Route(service)}).deliver(RUN, "pacs")
        for service in (unknown, trusted)
    ]
    assert outcome == ["CERTIFICATE_REFUSED", "NOT_AUTHORIZED"]
    with pytest.raises(SendError, match="NOT_AUTHORIZED"):
        probe(Route(trusted))
    password.write_text("sesame\n")
    probe(Route(trusted))
    assert Delivery(register, {"pacs": Route(trusted)}).deliver(RUN, "pacs") == DELIVERED
    assert _stored(orthanc) == {_data_set(path.read_bytes()) for path in objects}


def test_orthanc_that_knows_no_way_back_to_us_refuses_by_name(
    orthanc: Orthanc, register: Register, objects: list[Path]
) -> None:
    stranger = replace(_destination(orthanc), calling_ae_title="STRANGER")
    route = Route(stranger, commitment=CommitmentRule(wait_s=0))
    delivery = Delivery(register, {"pacs": route})
    states = [delivery.deliver(RUN, "pacs") for _ in range(3)]
    assert states == ["COMMITMENT_REFUSED", "COMMITMENT_REFUSED", DELIVERED]
