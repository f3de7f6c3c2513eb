import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.uid import KeyObjectSelectionDocumentStorage

from app.service.opening import Opening
from app.service.profiles import Mode, Profile, Profiles
from app.service.recalls import COMMAND, recall
from app.service.records import Receipt, RunOutcome, State
from app.service.register import Register
from app.service.rejected import mark_rejected, notes_folder
from app.service.retention import Retention
from pacs.recognition import DataSetFacts
from spine.dicom.identifiers import DEVICE_UID, MANUFACTURER_MODEL_NAME
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code

Keep = Callable[..., None]
Finish = Callable[..., str]

STUDY = "1.2.3"
WRITTEN = RunOutcome(State.WRITTEN, None, ("a.dcm",))


@pytest.fixture
def opening(register: Register) -> Opening:
    profiles = Profiles(
        [
            Profile("default", (), ("pacs",), retention_days=2),
            Profile("trial", ("TRIAL",), ("pacs",), retention_days=5),
            Profile("quiet", ("QUIET",), ("pacs",), Mode.SHADOW, 2),
            Profile("ever", ("EVER",), ("pacs",)),
        ]
    )
    return Opening(register, profiles)


@pytest.fixture
def retention(opening: Opening) -> Retention:
    return Retention(opening)


@pytest.fixture
def finish(register: Register, opening: Opening, keep: Keep) -> Finish:
    """Receive, analyze and deliver an instance, all of it so many days ago."""

    def finish(
        uid: str, title: str = "SPINEMAP", outcome: RunOutcome = WRITTEN, days: float = 3
    ) -> str:
        keep(uid=uid, route=("MR1", title))
        record = next(run for run in opening.open(STUDY) if uid in run.instances)
        _source, output = register.open_work(record)
        (output / "dicom").mkdir()
        (output / "dicom" / "a.dcm").write_bytes(b"object")
        (output / "results.json").write_text("{}\n")
        register.close_work(record.run_id, outcome)
        for name in record.destinations:
            register.write_receipt(record.run_id, name, Receipt({"a.dcm": 0}, is_complete=True))
        _age(register.root, days)
        return record.run_id

    return finish


def _age(root: Path, days: float) -> None:
    then = time.time() - days * 86_400
    for path in root.rglob("*"):
        os.utime(path, (then, then))


def _input(register: Register) -> list[str]:
    return register.instances(STUDY)


def test_delivered_study_is_removed_after_its_time(
    register: Register, retention: Retention, opening: Opening, finish: Finish
) -> None:
    run_id = finish("1.2.3.1")
    assert retention.sweep() == [STUDY]
    assert _input(register) == []
    folder = register.run_folder(run_id)
    assert not (folder / "dicom").exists()
    assert not (folder / "results.json").exists()
    # What was done stays known, and nothing is left to do.
    assert register.outcome(run_id) == WRITTEN
    assert register.receipt(run_id, "pacs").is_complete
    assert not opening.has_news(STUDY)
    assert retention.sweep() == []


def test_instance_sent_again_after_removal_is_not_analyzed_again(
    retention: Retention, opening: Opening, finish: Finish, keep: Keep
) -> None:
    finish("1.2.3.1")
    retention.sweep()
    keep(uid="1.2.3.1")
    assert not opening.has_news(STUDY)


@pytest.mark.parametrize(("title", "days"), [("SPINEMAP", 1), ("TRIAL", 4), ("EVER", 4000)])
def test_study_is_kept_for_its_profiles_time(
    register: Register, retention: Retention, finish: Finish, title: str, days: float
) -> None:
    finish("1.2.3.1", title, days=days)
    assert retention.sweep() == []
    assert _input(register) == ["1.2.3.1"]


def test_longest_of_a_studys_profiles_counts(
    register: Register, retention: Retention, finish: Finish
) -> None:
    finish("1.2.3.1")
    finish("1.2.3.2", "TRIAL")
    for record in register.runs_of(STUDY):
        if register.outcome(record.run_id) is None:
            register.open_work(record)
            register.close_work(record.run_id, RunOutcome(State.NOTHING_TO_SEND, "NOTHING_NEW"))
    _age(register.root, 4)
    assert retention.sweep() == []
    _age(register.root, 6)
    assert retention.sweep() == [STUDY]


def test_shadow_study_is_removed_though_nothing_was_delivered(
    retention: Retention, finish: Finish
) -> None:
    finish("1.2.3.1", "QUIET")
    assert retention.sweep() == [STUDY]


def test_undelivered_study_is_kept(
    register: Register, retention: Retention, finish: Finish
) -> None:
    run_id = finish("1.2.3.1", days=0)
    register.write_receipt(run_id, "pacs", Receipt({"a.dcm": 0}))
    _age(register.root, 100)
    assert retention.sweep() == []
    assert _input(register) == ["1.2.3.1"]


@pytest.mark.parametrize(
    "outcome", [RunOutcome.failed(Code.INTERNAL), RunOutcome.quarantined(Code.WORKER_DIED)]
)
def test_study_that_awaits_a_person_is_kept(
    retention: Retention, finish: Finish, outcome: RunOutcome
) -> None:
    finish("1.2.3.1", outcome=outcome, days=100)
    assert retention.sweep() == []


def test_running_study_and_late_instances_are_kept(
    register: Register, retention: Retention, opening: Opening, finish: Finish, keep: Keep
) -> None:
    finish("1.2.3.1")
    keep(uid="1.2.3.2")
    _age(register.root, 100)
    assert retention.sweep() == []
    opening.open(STUDY)
    _age(register.root, 100)
    assert retention.sweep() == []
    assert _input(register) == ["1.2.3.1", "1.2.3.2"]


def test_nothing_is_removed_after_the_clock_was_set(
    retention: Retention, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish("1.2.3.1", days=0)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 365 * 86_400)
    assert retention.sweep() == []


def test_recalled_study_is_removed_only_after_it_was_taken_back(
    register: Register, retention: Retention, finish: Finish
) -> None:
    run_id = finish("1.2.3.1")
    recall(register, run_id, RejectionTitle.QUALITY, COMMAND)
    folder = register.run_folder(run_id)
    (folder / "rejections").mkdir()
    (folder / "rejections" / "pacs-confirmed.dcm").write_bytes(b"names the patient")
    _age(register.root, 3)
    assert retention.sweep() == []
    receipt = Receipt({"a.dcm": 0}, is_complete=True, is_withdrawn=True)
    register.write_receipt(run_id, "pacs", receipt)
    _age(register.root, 3)
    assert retention.sweep() == [STUDY]
    assert not (folder / "rejections").exists()
    assert (folder / "recall.json").exists()


def test_rejected_image_that_no_run_was_given_is_removed_with_the_others(
    register: Register, retention: Retention, finish: Finish, keep: Keep
) -> None:
    finish("1.2.3.1")
    mark_rejected(register, STUDY, ["1.2.3.9"])
    keep(uid="1.2.3.9")
    _age(register.root, 3)
    assert retention.sweep() == [STUDY]
    assert _input(register) == []


def _everything_late(register: Register, keep: Keep) -> None:
    """Let all come that no run is given: a document, a result of ours, and what is put aside."""
    keep(uid="1.2.3.5", sop_class=KeyObjectSelectionDocumentStorage)
    keep(uid="1.2.3.6", facts=DataSetFacts(manufacturer_model_name=MANUFACTURER_MODEL_NAME))
    keep(uid="1.2.3.1", patient="ANOTHER")
    keep(uid="1.2.3.7", is_consistent=False)
    for path in notes_folder(register).glob("*.open"):
        path.unlink()


def _patient_data(register: Register) -> list[Path]:
    return [path for path in register.root.rglob("*") if path.suffix in (".dcm", ".bin")]


def test_what_came_after_the_last_run_goes_once_it_is_old_itself(
    register: Register, retention: Retention, finish: Finish, keep: Keep
) -> None:
    finish("1.2.3.1")
    _everything_late(register, keep)
    assert len(_patient_data(register)) == 6
    # The study is due, and what came today is not.
    assert retention.sweep() == [STUDY]
    assert len(_patient_data(register)) == 4
    assert retention.sweep() == []
    _age(register.root, 3)
    assert retention.sweep() == [STUDY]
    assert _patient_data(register) == []
    assert list(register.aside.iterdir()) == []
    assert retention.sweep() == []


def test_what_names_another_study_is_kept(
    register: Register, retention: Retention, finish: Finish, keep: Keep
) -> None:
    finish("1.2.3.1")
    keep(uid="1.2.4.1", study="1.2.4", is_consistent=False)
    keep(uid="1.2.4.2", study="1.2.4", facts=DataSetFacts(device_uids=(DEVICE_UID,)))
    _age(register.root, 3)
    kept = set(_patient_data(register)) - {register.instance_path(STUDY, "1.2.3.1")}
    retention.sweep()
    assert {path for path in kept if path.parent.name != "dicom"} == set(_patient_data(register))


def test_rejection_note_that_nobody_has_looked_at_is_kept(
    register: Register, retention: Retention, finish: Finish, keep: Keep
) -> None:
    finish("1.2.3.1")
    keep(uid="1.2.3.5", sop_class=KeyObjectSelectionDocumentStorage)
    _age(register.root, 3)
    retention.sweep()
    assert _input(register) == ["1.2.3.5"]
