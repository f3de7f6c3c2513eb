"""A delivery that waits for a person: ``delivered/<destination>.hold.json``."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from app.service.durable import make_folder_durably, read_json, write_json_durably
from app.service.register import Register


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is sent.

    Attributes
    ----------
    code : ``PATIENT_MISMATCH``
    attributes : keywords that differ; their values are patient data and stand nowhere
    since, released : ISO 8601 with offset; `released` is None as long as it holds
    """

    code: str
    attributes: tuple[str, ...]
    since: str
    released: str | None = None

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        attributes = tuple(content["attributes"])
        return cls(content["code"], attributes, content["since"], content["released"])


def read_hold(register: Register, run_id: str, destination: str) -> Hold | None:
    """Return the hold, also one that was released; None where there never was one."""
    content = read_json(_path(register, run_id, destination))
    return None if content is None else Hold.from_json(content)


def hold(
    register: Register,
    run_id: str,
    destination: str,
    code: str,
    attributes: tuple[str, ...],
) -> None:
    """Send nothing more of a run to a destination until it is released."""
    now = datetime.now(UTC).isoformat()
    _write(register, run_id, destination, Hold(code, attributes, now))


def release(register: Register, run_id: str, destination: str) -> bool:
    """Let a held delivery go on, whatever differs; tell whether it was held.

    What differed when it was held is accepted from now on, for this run and destination.
    """
    held = read_hold(register, run_id, destination)
    if held is None or held.released is not None:
        return False
    _write(register, run_id, destination, replace(held, released=datetime.now(UTC).isoformat()))
    return True


def _write(register: Register, run_id: str, destination: str, held: Hold) -> None:
    path = _path(register, run_id, destination)
    make_folder_durably(path.parent)
    write_json_durably(path, asdict(held), register.staging)


def _path(register: Register, run_id: str, destination: str) -> Path:
    return register.delivery_path(run_id, destination, ".hold")
