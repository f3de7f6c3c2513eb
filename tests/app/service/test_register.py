from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register, is_name, is_run_id, is_uid

RECORD = RunRecord("1.2.3.1", "2026-01-02T03:04:05+00:00", "default", ("1.2.3.4",), ("pacs",))


@pytest.mark.parametrize("text", ["1.2.840.10008", "2.25.123", "1"])
def test_uids_are_recognized(text: str) -> None:
    assert is_uid(text)


@pytest.mark.parametrize("text", ["", "..", "1..2", "/etc", "1.2/..", "1.2\n", "a", "1." * 40])
def test_nothing_else_passes_as_uid(text: str) -> None:
    assert not is_uid(text)


def test_run_is_named_by_its_study_and_a_number() -> None:
    assert is_run_id("1.2.3.1")


# The last is a digit to Python, but no number.
@pytest.mark.parametrize("text", ["", "1", "1.2.", "1.2.x", "../1", "1.2.-1", "1.2.\u00b2"])
def test_nothing_else_names_a_run(register: Register, text: str) -> None:
    assert not is_run_id(text)
    with pytest.raises(ValueError, match="not a run id"):
        register.run_folder(text)


def test_folder_that_is_no_run_hides_no_other(register: Register) -> None:
    register.write_run(RECORD)
    (register.root / "runs" / "1.2.\u00b2").mkdir()
    assert register.run_ids() == ["1.2.3.1"]


@pytest.mark.parametrize("text", ["../x", "", "a/b", "a b", ".hidden", "a\n"])
def test_names_of_destinations_are_safe_as_file_names(text: str) -> None:
    assert not is_name(text)


def test_paths_come_from_uids_only(register: Register) -> None:
    for call in (
        lambda: register.input_folder("../.."),
        lambda: register.instance_path("1.2", "../x"),
        lambda: register.run_folder("../1"),
        lambda: register.run_folder("1.2.x"),
        lambda: register.receipt("1.2.1", "../x"),
    ):
        with pytest.raises(ValueError, match="not"):
            call()


def test_run_is_read_back_as_written(register: Register) -> None:
    register.write_run(RECORD)
    assert register.run("1.2.3.1") == RECORD
    assert (RECORD.study_instance_uid, RECORD.number) == ("1.2.3", 1)


def test_runs_belong_to_their_study_and_are_in_order(register: Register) -> None:
    for run_id in ("1.2.2", "1.2.1", "1.2.3.1", "1.20.1"):
        register.write_run(RunRecord(run_id, RECORD.analysis_time, "default", (), ()))
    assert [record.run_id for record in register.runs_of("1.2")] == ["1.2.1", "1.2.2"]
    assert [record.run_id for record in register.runs()] == ["1.2.1", "1.2.2", "1.2.3.1", "1.20.1"]


def test_work_holds_just_the_instances_of_the_run(
    register: Register, keep: Callable[..., None]
) -> None:
    keep(uid="1.2.3.4")
    keep(uid="1.2.3.5")
    source, output = register.open_work(RECORD)
    assert [path.name for path in source.iterdir()] == ["1.2.3.4.dcm"]
    assert list(output.iterdir()) == []


def test_results_are_there_before_the_outcome_and_survive_a_repetition(
    register: Register, keep: Callable[..., None]
) -> None:
    keep(uid="1.2.3.4")
    register.write_run(RECORD)
    outcome = RunOutcome(State.WRITTEN, None, ("a.dcm",))
    for content in ("first", "second"):
        _source, output = register.open_work(RECORD)
        (output / "dicom").mkdir()
        (output / "dicom" / "a.dcm").write_text(content)
        (output / "results.json").write_text(content)
        register.close_work("1.2.3.1", outcome)
    folder = register.run_folder("1.2.3.1")
    assert (folder / "dicom" / "a.dcm").read_text() == "second"
    assert register.outcome("1.2.3.1") == outcome
    assert list(register.staging.iterdir()) == []


def test_unfinished_work_is_thrown_away_at_the_start(register: Register) -> None:
    (register.staging / "rest").mkdir()
    register.prepare()
    assert list(register.staging.iterdir()) == []


def test_run_without_outcome_has_none(register: Register) -> None:
    register.write_run(RECORD)
    assert register.outcome("1.2.3.1") is None


def test_receipts_grow(register: Register) -> None:
    register.write_run(RECORD)
    assert register.receipt("1.2.3.1", "pacs") == Receipt({})
    register.write_receipt("1.2.3.1", "pacs", Receipt({"a.dcm": 0}, is_complete=True))
    assert register.receipt("1.2.3.1", "pacs") == Receipt({"a.dcm": 0}, is_complete=True)
    assert Path(register.run_folder("1.2.3.1") / "delivered" / "pacs.json").is_file()
