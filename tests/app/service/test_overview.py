import os
import shutil
import time

import pytest

from app.service import attempts
from app.service.holds import hold
from app.service.overview import Overview
from app.service.recalls import COMMAND, recall
from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.views import DeliveryState, RunView
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code
from tests.app.service.recorded import OBJECTS, record_run


def _only(register: Register) -> RunView:
    [run] = Overview(register).snapshot().runs
    return run


def test_run_without_end_waits(register: Register) -> None:
    record_run(register, outcome=None)
    run = _only(register)
    assert (run.state, run.ended_at, run.deliveries) == ("waiting", None, ())


def test_written_run_is_open_until_its_receipt_is_complete(register: Register) -> None:
    record_run(register, destinations=("pacs", "archive"), delivered=("archive",))
    register.write_receipt("1.2.3.1", "pacs", Receipt({OBJECTS[0]: 0}))
    run = _only(register)
    found = {item.destination: (item.state, item.confirmed) for item in run.deliveries}
    assert found == {"pacs": (DeliveryState.OPEN, 1), "archive": (DeliveryState.DELIVERED, 2)}


def test_failed_run_shows_its_code_and_owes_nobody(register: Register) -> None:
    record_run(register, outcome=RunOutcome.failed(Code.WORKER_TIMEOUT))
    run = _only(register)
    assert (run.state, run.code, run.deliveries) == ("failed", "WORKER_TIMEOUT", ())


def test_held_run_is_no_undelivered_one(register: Register) -> None:
    record_run(register)
    hold(register, "1.2.3.1")
    snapshot = Overview(register).snapshot()
    assert snapshot.runs[0].deliveries[0].state is DeliveryState.HELD
    assert snapshot.oldest_undelivered_s() == {}


def test_oldest_undelivered_is_the_one_written_first(register: Register) -> None:
    for number, age in ((1, 100), (2, 700), (3, 5000)):
        record_run(register, f"1.2.3.{number}", delivered=("pacs",) if number == 3 else ())
        path = register.run_folder(f"1.2.3.{number}") / "outcome.json"
        os.utime(path, (time.time() - age,) * 2)
    snapshot = Overview(register).snapshot()
    assert snapshot.oldest_undelivered_s()["pacs"] == pytest.approx(700, abs=5)
    assert snapshot.undelivered() == {"pacs": 2}


def test_refusals_are_found_however_deep(register: Register) -> None:
    record_run(register, refusals=("LEVEL_UNCERTAIN", "AGE_UNKNOWN"))
    assert _only(register).refusals == ("LEVEL_UNCERTAIN", "AGE_UNKNOWN")


def test_second_look_sees_every_change_and_reads_only_those(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.overview._SETTLED_S", -60)
    overview = Overview(register)
    record_run(register)
    record_run(register, "1.2.4.1", RunOutcome(State.NOTHING_TO_SEND, "NO_CANDIDATE"))
    overview.snapshot()
    read: list[str] = []
    outcome = Register.outcome
    monkeypatch.setattr(
        Register, "outcome", lambda self, run: read.append(run) or outcome(self, run)
    )
    register.write_receipt("1.2.3.1", "pacs", Receipt(dict.fromkeys(OBJECTS, 0), is_complete=True))
    first, second = overview.snapshot().runs
    assert first.deliveries[0].state is DeliveryState.DELIVERED
    assert second.code == "NO_CANDIDATE"
    assert read == ["1.2.3.1"]


def test_half_written_run_is_not_kept(register: Register) -> None:
    overview = Overview(register)
    record_run(register, outcome=None)
    assert overview.snapshot().runs[0].state == "waiting"
    register.close_work("1.2.3.1", RunOutcome(State.WRITTEN, None, ()))
    assert overview.snapshot().runs[0].state == "written"


def test_delivery_shows_its_failures_and_why_it_is_held(register: Register) -> None:
    record_run(register, destinations=("pacs", "archive", "released"))
    folder = register.run_folder("1.2.3.1") / "delivered"
    folder.mkdir()
    (folder / "pacs.attempts.json").write_text('{"count": 3, "failure": "UNREACHABLE"}')
    (folder / "archive.hold.json").write_text('{"code": "PATIENT_MISMATCH", "released": null}')
    (folder / "released.hold.json").write_text(
        '{"code": "PATIENT_MISMATCH", "released": "2026-01-02"}'
    )
    pacs, archive, released = _only(register).deliveries
    assert (pacs.state, pacs.code, pacs.attempts) == (DeliveryState.OPEN, "UNREACHABLE", 3)
    assert (archive.state, archive.code) == (DeliveryState.HELD, "PATIENT_MISMATCH")
    assert (released.state, released.code) == (DeliveryState.OPEN, None)


def test_run_that_took_the_service_with_it_shows_how_often(register: Register) -> None:
    record_run(register, outcome=None)
    with pytest.raises(KeyError), attempts.attempt(register, "1.2.3.1"):
        raise KeyError
    assert _only(register).attempts == 1


def test_run_that_the_retention_took_away_is_no_longer_shown(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.overview._SETTLED_S", -60)
    overview = Overview(register)
    record_run(register)
    record_run(register, "1.2.4.1")
    assert len(overview.snapshot().runs) == 2
    shutil.rmtree(register.run_folder("1.2.3.1"))
    assert [run.run_id for run in overview.snapshot().runs] == ["1.2.4.1"]
    read = Register.run

    def taken_away(self: Register, run_id: str) -> RunRecord:
        shutil.rmtree(self.run_folder(run_id))
        return read(self, run_id)

    monkeypatch.setattr(Register, "run", taken_away)
    assert Overview(register).snapshot().runs == ()


@pytest.mark.parametrize(
    ("receipt", "state", "waits"),
    [
        (Receipt(dict.fromkeys(OBJECTS, 0), is_complete=True), DeliveryState.OPEN, False),
        (
            Receipt({OBJECTS[0]: 0}, is_withdrawn=True, is_rejected=True),
            DeliveryState.REJECTED,
            False,
        ),
        (Receipt({}, is_withdrawn=True, is_rejected=True), DeliveryState.RECALLED, False),
        (Receipt({OBJECTS[0]: 0}, is_withdrawn=True), DeliveryState.STILL_THERE, True),
    ],
)
def test_recalled_run_shows_how_far_it_is_taken_back(
    register: Register, receipt: Receipt, state: DeliveryState, *, waits: bool
) -> None:
    record_run(register)
    recall(register, "1.2.3.1", RejectionTitle.PATIENT_SAFETY, COMMAND)
    register.write_receipt("1.2.3.1", "pacs", receipt)
    run = _only(register)
    assert run.recalled == "113037"
    assert run.deliveries[0].state is state
    assert run.waits_for_a_person is waits


def test_recall_is_seen_after_the_run_was_looked_at(register: Register) -> None:
    record_run(register)
    overview = Overview(register)
    then = time.time() - 60
    for path in (register.run_folder("1.2.3.1"), register.run_folder("1.2.3.1") / "outcome.json"):
        os.utime(path, (then, then))
    assert overview.snapshot().runs[0].recalled is None
    recall(register, "1.2.3.1", RejectionTitle.QUALITY, COMMAND)
    assert overview.snapshot().runs[0].recalled == "113001"


def test_revision_of_a_result_is_known(register: Register) -> None:
    record_run(register)
    assert _only(register).revision == 1
    results = register.run_folder("1.2.3.1") / "results.json"
    results.write_text('{"run": {"revision": 3}}')
    assert _only(register).revision == 3
