"""`serve` as a process, with the stand-in analysis: profiles, revisions, what a person asks."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.service.records import State
from app.service.register import Register
from app.service.requests import Request, ask
from pacs.listener import Listener, ReceivedInstance
from pacs.sender import Destination, send
from tests.app.service.served import Served, free_port, serve, until

pytestmark = pytest.mark.slow

STUDY = "1.2.3"
Put = Callable[..., None]


@pytest.fixture
def worker_timeout_s() -> float:
    """Far off; a test of what hangs says so."""
    return 60


@pytest.fixture
def site(tmp_path: Path, pacs: Listener, worker_timeout_s: float) -> dict[str, object]:
    return {
        "storage": {"root": str(tmp_path / "data")},
        "quiet_time_s": 0.5,
        "listener": {"port": free_port(), "ae_titles": ["SPINEMAP", "TRIAL"]},
        "profiles": {"trial": {"ae_titles": ["TRIAL"], "mode": "shadow"}},
        "worker": {"timeout_s": worker_timeout_s, "memory_mib": 800},
        "web": {"port": free_port()},
        "destinations": [
            {"name": "pacs", "host": "127.0.0.1", "port": pacs.port, "ae_title": "PACS"}
        ],
    }


@pytest.fixture
def served(tmp_path: Path, site: dict[str, object]) -> Iterator[Served]:
    served = serve(tmp_path, site)
    assert served.first_line.startswith("ready")
    yield served
    served.end()


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(tmp_path / "data")


@pytest.fixture
def put(
    tmp_path: Path, site: dict[str, object], make_instance: Callable[..., ReceivedInstance]
) -> Put:
    """Send one instance."""
    port = site["listener"]["port"]  # type: ignore[index]
    destination = Destination("127.0.0.1", port, "SPINEMAP", "MR1", timeout_s=10)

    def put(uid: str, title: str = "SPINEMAP", **changes: object) -> None:
        path = tmp_path / f"{uid}.dcm"
        if not path.exists():
            instance = make_instance(uid=uid, **changes)
            path.write_bytes(instance.header + instance.data_set)
        send([path], replace(destination, ae_title=title), lambda _stored: None)

    return put


def _ended(register: Register, run_id: str) -> bool:
    return register.outcome(run_id) is not None


def _written_ns(register: Register, run_id: str) -> int | None:
    """When the outcome was written; its inode would not tell, a new file may get the old one's."""
    try:
        return (register.run_folder(run_id) / "outcome.json").stat().st_mtime_ns
    except FileNotFoundError:
        return None


def test_study_sent_to_two_of_our_names_is_analyzed_for_each_and_sent_by_one(
    served: Served, put: Put, register: Register, received: list[ReceivedInstance]
) -> None:
    put("1.2.3.1")
    put("1.2.3.1", "TRIAL")
    until(lambda: _ended(register, f"{STUDY}.2") and len(received) == 1)
    until(lambda: register.receipt(f"{STUDY}.1", "pacs").is_complete)
    runs = register.runs_of(STUDY)
    assert [(run.profile, run.destinations) for run in runs] == [
        ("default", ("pacs",)),
        ("trial", ()),
    ]
    results = [
        json.loads((register.run_folder(run.run_id) / "results.json").read_text())["profile"]
        for run in runs
    ]
    assert results == ["default", "trial"]
    assert len(received) == 1


def test_late_instance_of_the_selected_series_is_revised_and_of_another_series_is_not(
    served: Served, put: Put, register: Register, received: list[ReceivedInstance]
) -> None:
    put("1.2.3.1", series="1.5.1")
    until(lambda: len(received) == 1)
    put("1.2.3.9", series="1.5.9")
    until(lambda: _ended(register, f"{STUDY}.2"))
    unchanged = register.outcome(f"{STUDY}.2")
    assert unchanged is not None
    assert (unchanged.state, unchanged.code) == (State.NOTHING_TO_SEND, "NOTHING_NEW")
    put("1.2.3.2", series="1.5.1")
    until(lambda: len(received) == 2)
    assert b"3 instances, revision 2" in received[1].data_set
    assert len(register.runs_of(STUDY)) == 3


@pytest.mark.parametrize(
    ("patient", "code", "worker_timeout_s"),
    [
        ("HANG", "WORKER_TIMEOUT", 2),
        ("SEGFAULT", "WORKER_DIED", 60),
        ("EAT MEMORY", "WORKER_OUT_OF_MEMORY", 60),
    ],
)
def test_study_that_breaks_the_worker_is_quarantined_and_the_next_is_delivered(
    served: Served,
    put: Put,
    register: Register,
    received: list[ReceivedInstance],
    patient: str,
    code: str,
) -> None:
    put("1.2.3.1", patient=patient)
    until(lambda: any(register.runs_of(STUDY)))
    put("1.2.4.1", study="1.2.4")
    until(lambda: len(received) == 1, 120)
    outcome = register.outcome(f"{STUDY}.1")
    assert outcome is not None
    assert (outcome.state, outcome.code) == (State.QUARANTINED, code)
    assert b"1.2.4" in received[0].data_set


def test_quarantined_study_is_tried_again_when_asked_for(
    served: Served, put: Put, register: Register
) -> None:
    put("1.2.3.1", patient="SEGFAULT")
    until(lambda: _ended(register, f"{STUDY}.1"), 120)
    first = _written_ns(register, f"{STUDY}.1")
    ask(register, f"{STUDY}.1", Request.RETRY)
    until(lambda: _written_ns(register, f"{STUDY}.1") not in (None, first), 120)
    outcome = register.outcome(f"{STUDY}.1")
    assert outcome is not None
    assert outcome.state is State.QUARANTINED
