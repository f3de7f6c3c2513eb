"""STOW-RS client (PS3.18, 10.5): sends stored files byte for byte, one request an object.

A library that takes data sets would encode them again; what we wrote is what must arrive.
"""

import ssl
import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from pacs.association import SendError, SendFailure
from pacs.part10 import FileMeta
from pacs.sender import OnStored, Stored, raise_all, read_object
from pacs.stow_response import status_of

_CHUNK = 1 << 20
_LONGEST_ANSWER = 1 << 22
_ANSWERED_EACH = (200, 202, 409)
# RFC 9110, 15.5: bad request, content too large, unsupported media type, unprocessable content.
# They speak of this request, which is this object; another may be small enough.
_REFUSED_THIS = (400, 413, 415, 422)


@dataclass(frozen=True, slots=True)
class StowService:
    """A DICOMweb service to store into.

    Attributes
    ----------
    url : of the service; ``/studies`` follows it
    ca_file : certificates to trust instead of the system's
    token_file : holds a bearer token
    user, password_file : for basic authentication
    timeout_s : for connection, each write and the answer
    """

    url: str
    ca_file: Path | None = None
    token_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None
    timeout_s: float = 30.0


def store(files: Sequence[Path], service: StowService, on_stored: OnStored) -> None:
    """Send files in order; `on_stored` is called after each answer.

    An object that the service refuses does not keep the others back.

    Raises
    ------
    SendError
        If a file was not stored: with the failure of the first and the details of all.
    """
    objects = [(path, read_object(path)) for path in files]
    failures: list[SendError] = []
    with _client(service) as client:
        for path, meta in objects:
            status = _store(client, service, path, meta)
            if isinstance(status, SendError):
                failures.append(status)
            else:
                on_stored(Stored(path, meta.sop_instance_uid, status))
    raise_all(failures)


def probe(service: StowService) -> None:
    """Verify that the service answers and lets us in; nothing is stored.

    Raises
    ------
    SendError
        If it does not.
    """
    with _client(service) as client, _named(service):
        # Empty, and therefore refused by a service that is there (PS3.18, 10.5.3.1).
        answer = client.post(_address(service), content=b"", headers=_headers(uuid.uuid4().hex))
        if answer.status_code in (401, 403):
            raise SendError(SendFailure.NOT_AUTHORIZED, f"HTTP {answer.status_code}")
        if answer.status_code == 404 or answer.status_code >= 502:
            raise SendError(SendFailure.UNREACHABLE, f"HTTP {answer.status_code}")


@contextmanager
def _client(service: StowService) -> Iterator[httpx.Client]:
    with httpx.Client(
        auth=_authentication(service),
        verify=_trust(service),
        timeout=service.timeout_s,
        # A redirect could carry the secret elsewhere; a proxy is not ours to guess.
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


def _trust(service: StowService) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=service.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SendError(SendFailure.SECRET_UNREADABLE, "ca_file") from error


def _authentication(service: StowService) -> httpx.Auth | None:
    if service.token_file is not None:
        return _Bearer(_secret(service.token_file, "token_file"))
    if service.user is not None and service.password_file is not None:
        return httpx.BasicAuth(service.user, _secret(service.password_file, "password_file"))
    return None


class _Bearer(httpx.Auth):
    """RFC 6750, 2.1."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _secret(path: Path, name: str) -> str:
    """Read a secret anew each time: it may have been replaced."""
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SendError(SendFailure.SECRET_UNREADABLE, name) from error
    if not secret or not secret.isascii() or not secret.isprintable():
        raise SendError(SendFailure.SECRET_UNREADABLE, name)
    return secret


def _store(
    client: httpx.Client, service: StowService, path: Path, meta: FileMeta
) -> int | SendError:
    """Send one object and return its status, or why the service refused this one object."""
    boundary = uuid.uuid4().hex
    with _named(service):
        request = client.stream(
            "POST",
            _address(service),
            content=_body(path, boundary),
            headers=_headers(boundary) | {"Content-Length": str(_length(path, boundary))},
        )
        with request as answer:
            code, content = answer.status_code, _read(answer, service.timeout_s)
    if code in (401, 403):
        raise SendError(SendFailure.NOT_AUTHORIZED, f"HTTP {code}")
    refusal = SendError(SendFailure.NOT_STORED, f"HTTP {code} for {meta.sop_instance_uid}")
    if code in _REFUSED_THIS:
        return refusal
    if code not in _ANSWERED_EACH:
        raise refusal
    return status_of(meta.sop_instance_uid, content, code)


def _address(service: StowService) -> str:
    return f"{service.url.rstrip('/')}/studies"


def _headers(boundary: str) -> dict[str, str]:
    return {
        "Accept": "application/dicom+json",
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
    }


def _head(boundary: str) -> bytes:
    return f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()


def _tail(boundary: str) -> bytes:
    return f"\r\n--{boundary}--\r\n".encode()


def _length(path: Path, boundary: str) -> int:
    return len(_head(boundary)) + path.stat().st_size + len(_tail(boundary))


def _body(path: Path, boundary: str) -> Iterator[bytes]:
    yield _head(boundary)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
    yield _tail(boundary)


def _read(answer: httpx.Response, timeout_s: float) -> bytes:
    """Read an answer that may neither be endless nor drip for ever."""
    content, deadline = b"", time.monotonic() + timeout_s
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > _LONGEST_ANSWER or time.monotonic() > deadline:
            raise SendError(SendFailure.ABORTED, "an answer without end")
    return content


@contextmanager
def _named(service: StowService) -> Iterator[None]:
    """Give every failure of the connection its name."""
    try:
        yield
    except httpx.ConnectError as error:
        raise _connection_error(error, service) from error
    # The second: a name that the standard forbids, such as one of more than 63 letters.
    except (httpx.ConnectTimeout, UnicodeError) as error:
        raise SendError(SendFailure.UNREACHABLE, _host(service)) from error
    except httpx.HTTPError as error:
        raise SendError(SendFailure.ABORTED, type(error).__name__) from error


def _connection_error(error: BaseException, service: StowService) -> SendError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return SendError(SendFailure.CERTIFICATE_REFUSED, _host(service))
        cause = cause.__cause__ or cause.__context__
    return SendError(SendFailure.UNREACHABLE, _host(service))


def _host(service: StowService) -> str:
    url = httpx.URL(service.url)
    return f"{url.host}:{url.port}" if url.port else url.host
