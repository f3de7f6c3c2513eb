import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydicom.uid import RawDataStorage

from pacs.association import SendError, SendFailure
from pacs.sender import Stored
from pacs.stow import StowService, probe, store

pytestmark = pytest.mark.slow

WriteInstance = Callable[..., Path]


class Web:
    """A STOW-RS service that answers as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Callable[[str], tuple[int, bytes]] = lambda uid: (200, stored(uid))

    def uids(self) -> list[str]:
        return [_uid(body) for _, _, body in self.requests]


def _uid(body: bytes) -> str:
    """Find the SOP instance UID of the file meta information, (0002,0003)."""
    at = body.find(b"\x02\x00\x03\x00UI")
    length = int.from_bytes(body[at + 6 : at + 8], "little")
    return body[at + 8 : at + 8 + length].rstrip(b"\0").decode()


def stored(uid: str, warning: int | None = None) -> bytes:
    item = {"00081155": {"vr": "UI", "Value": [uid]}}
    if warning is not None:
        item["00081196"] = {"vr": "US", "Value": [warning]}  # type: ignore[list-item]
    return json.dumps({"00081199": {"vr": "SQ", "Value": [item]}}).encode()


def failed(uid: str, reason: int) -> bytes:
    item = {
        "00081155": {"vr": "UI", "Value": [uid]},
        "00081197": {"vr": "US", "Value": [reason]},
    }
    return json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode()


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def service(web: Web) -> Iterator[StowService]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            web.requests.append((self.path, dict(self.headers), body))
            status, content = web.answer(_uid(body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield StowService(f"http://127.0.0.1:{server.server_port}/dicom-web/", timeout_s=5)
        server.shutdown()


def test_files_arrive_as_stored_one_request_each(
    service: StowService, web: Web, write_instance: WriteInstance
) -> None:
    paths = [write_instance("b.dcm"), write_instance("a.dcm", RawDataStorage)]
    confirmed: list[Stored] = []
    store(paths, service, confirmed.append)
    assert [item.path for item in confirmed] == paths
    assert [item.status for item in confirmed] == [0, 0]
    assert web.uids() == [item.sop_instance_uid for item in confirmed]
    for path, (address, headers, body) in zip(paths, web.requests, strict=True):
        assert address == "/dicom-web/studies"
        assert headers["Accept"] == "application/dicom+json"
        boundary = headers["Content-Type"].split("boundary=")[1].encode()
        head = b"--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n"
        assert body == head + path.read_bytes() + b"\r\n--" + boundary + b"--\r\n"


def test_failed_object_is_named_and_keeps_no_other_back(
    service: StowService, web: Web, write_instance: WriteInstance
) -> None:
    paths = [write_instance("a.dcm", SOPInstanceUID="1.9.9"), write_instance("b.dcm")]
    web.answer = lambda uid: (409, failed(uid, 0x0122)) if uid == "1.9.9" else (200, stored(uid))
    confirmed: list[Stored] = []
    with pytest.raises(SendError, match=r"0x0122 for 1\.9\.9") as caught:
        store(paths, service, confirmed.append)
    assert caught.value.failure is SendFailure.NOT_STORED
    assert [item.path for item in confirmed] == paths[1:]


@pytest.mark.parametrize("code", [400, 413, 415, 422])
def test_object_that_is_refused_by_its_http_status_keeps_no_other_back(
    service: StowService, web: Web, write_instance: WriteInstance, code: int
) -> None:
    paths = [write_instance("a.dcm", SOPInstanceUID="1.9.9"), write_instance("b.dcm")]
    web.answer = lambda uid: (code, b"") if uid == "1.9.9" else (200, stored(uid))
    confirmed: list[Stored] = []
    with pytest.raises(SendError, match=rf"HTTP {code} for 1\.9\.9") as caught:
        store(paths, service, confirmed.append)
    assert caught.value.failure is SendFailure.NOT_STORED
    assert [item.path for item in confirmed] == paths[1:]


def test_failure_inside_an_accepted_answer_is_a_failure(
    service: StowService, web: Web, write_instance: WriteInstance
) -> None:
    web.answer = lambda uid: (202, failed(uid, 0xA700))
    with pytest.raises(SendError, match="0xA700"):
        store([write_instance("a.dcm")], service, lambda _: None)


@pytest.mark.parametrize("code", [200, 409])
def test_object_that_is_there_already_counts_as_stored(
    service: StowService, web: Web, write_instance: WriteInstance, code: int
) -> None:
    web.answer = lambda uid: (code, failed(uid, 0x0111))
    confirmed: list[Stored] = []
    store([write_instance("a.dcm")], service, confirmed.append)
    assert [item.status for item in confirmed] == [0x0111]


def test_failure_without_a_reason_is_a_failure(
    service: StowService, web: Web, write_instance: WriteInstance
) -> None:
    web.answer = lambda uid: (409, failed(uid, 0))
    with pytest.raises(SendError) as caught:
        store([write_instance("a.dcm")], service, lambda _: None)
    assert caught.value.failure is SendFailure.NOT_STORED


def test_warning_counts_as_stored(
    service: StowService, web: Web, write_instance: WriteInstance
) -> None:
    web.answer = lambda uid: (202, stored(uid, 0xB000))
    confirmed: list[Stored] = []
    store([write_instance("a.dcm")], service, confirmed.append)
    assert [item.status for item in confirmed] == [0xB000]


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"{}", b"7", b'{"00081199": 5}', stored("1.2.3.4.5")]
)
def test_success_that_does_not_name_the_object_confirms_nothing(
    service: StowService, web: Web, write_instance: WriteInstance, content: bytes
) -> None:
    web.answer = lambda _uid: (200, content)
    with pytest.raises(SendError) as caught:
        store([write_instance("a.dcm")], service, lambda _: None)
    assert caught.value.failure is SendFailure.NOT_CONFIRMED


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (401, SendFailure.NOT_AUTHORIZED),
        (403, SendFailure.NOT_AUTHORIZED),
        (302, SendFailure.NOT_STORED),
        (503, SendFailure.NOT_STORED),
    ],
)
def test_refusals_stop_at_the_first_object(
    service: StowService,
    web: Web,
    write_instance: WriteInstance,
    status: int,
    failure: SendFailure,
) -> None:
    web.answer = lambda uid: (status, stored(uid))
    with pytest.raises(SendError, match=str(status)) as caught:
        store([write_instance("a.dcm"), write_instance("b.dcm")], service, lambda _: None)
    assert caught.value.failure is failure
    assert len(web.requests) == 1


def test_token_is_read_from_its_file_each_time(
    service: StowService, web: Web, write_instance: WriteInstance, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    path = write_instance("a.dcm")
    for secret in ("first", "second"):
        token.write_text(f"{secret}\n")
        store([path], replace(service, token_file=token), lambda _: None)
    sent = [headers["Authorization"] for _, headers, _ in web.requests]
    assert sent == ["Bearer first", "Bearer second"]


def test_basic_authentication(
    service: StowService, web: Web, write_instance: WriteInstance, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    secured = replace(service, user="ali", password_file=password)
    store([write_instance("a.dcm")], secured, lambda _: None)
    # base64 of "ali:open sesame"
    assert web.requests[0][1]["Authorization"] == "Basic YWxpOm9wZW4gc2VzYW1l"


@pytest.mark.parametrize("content", [None, "", "zwei\nZeilen", "ümläut"])
def test_secret_that_cannot_be_used_is_named_but_not_shown(
    service: StowService, write_instance: WriteInstance, tmp_path: Path, content: str | None
) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    with pytest.raises(SendError) as caught:
        store([write_instance("a.dcm")], replace(service, token_file=token), lambda _: None)
    assert caught.value.failure is SendFailure.SECRET_UNREADABLE
    assert caught.value.detail == "token_file"


@pytest.mark.parametrize("address", ["127.0.0.1:1", f"{'p' * 64}:104"])
def test_service_that_is_down_is_named(write_instance: WriteInstance, address: str) -> None:
    with pytest.raises(SendError, match=address) as caught:
        store([write_instance("a.dcm")], StowService(f"http://{address}"), lambda _: None)
    assert caught.value.failure is SendFailure.UNREACHABLE


def test_service_that_never_answers_is_given_up(write_instance: WriteInstance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = StowService(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.5)
        started = time.monotonic()
        with pytest.raises(SendError) as caught:
            store([write_instance("a.dcm")], service, lambda _: None)
    assert caught.value.failure is SendFailure.ABORTED
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("status", "failure"),
    [(401, SendFailure.NOT_AUTHORIZED), (404, SendFailure.UNREACHABLE)],
)
def test_probe_names_what_is_wrong(
    service: StowService, web: Web, status: int, failure: SendFailure
) -> None:
    web.answer = lambda _uid: (status, b"")
    with pytest.raises(SendError) as caught:
        probe(service)
    assert caught.value.failure is failure


def test_probe_is_content_with_a_refusal_of_nothing(service: StowService, web: Web) -> None:
    web.answer = lambda _uid: (400, b"")
    probe(service)
    assert [body for _, _, body in web.requests] == [b""]
