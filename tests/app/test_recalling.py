"""`recall`: which results a model has a part in, where they are, and taking them back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.reasons import Reason
from app.recalling import ModelName, Result, listing, recall, results_of, unknown_runs, used_models
from app.service.recalls import read_recall
from app.service.records import Receipt, RunOutcome, State
from app.service.register import Register
from app.service.requests import Request, asked
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code, SpineError
from tests.app.service.recorded import record_run

AGE = ModelName("age-dcnn")


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path)
    register.prepare()
    return register


def results(version: str, *, age: bool = True, quoted: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "models": [
            {"name": "spine-segmentation", "version": "0.3.0"},
            {"name": "age-dcnn", "version": version},
        ],
        "segmentation": {"refusal": None, "model": "spine-segmentation"},
        "age": {"model": "age-dcnn"} if age else {"refusal": {"code": "COVERAGE_TOO_SMALL"}},
        "discs": [{"forecasts": [{"baseline": {"grading": {"model": "unlisted"}}}]}],
        "course": {"studies": [{"age": {"models": list(quoted)}}] if quoted else []},
    }


def write(register: Register, run_id: str, content: dict[str, object], **how: object) -> None:
    record_run(register, run_id, **how)  # type: ignore[arg-type]
    (register.run_folder(run_id) / "results.json").write_text(json.dumps(content))


def rows(found: list[Result]) -> list[tuple[str, str, str]]:
    return [(item.run_id, item.destination, item.state) for item in found]


def test_results_of_a_version_are_listed_with_their_destinations(register: Register) -> None:
    two = ("pacs", "archive")
    write(register, "1.2.1.1", results("0.1.0"), destinations=two, delivered=("pacs",))
    write(register, "1.2.2.1", results("0.2.0"), delivered=("pacs",))
    register.write_receipt("1.2.1.1", "archive", Receipt({"a.dcm": 0}))

    found = results_of(register, [ModelName.parse("age-dcnn@0.1.0")])
    assert rows(found) == [
        ("1.2.1.1", "pacs", "delivered"),
        ("1.2.1.1", "archive", "partly delivered"),
    ]
    assert found[0].study_instance_uid == "1.2.1"
    assert found[0].models == ("age-dcnn 0.1.0",)


def test_without_a_version_all_of_them_are(register: Register) -> None:
    write(register, "1.2.1.1", results("0.1.0"))
    write(register, "1.2.2.1", results("0.2.0"), destinations=())
    assert rows(results_of(register, [AGE])) == [
        ("1.2.1.1", "pacs", "not delivered yet"),
        ("1.2.2.1", "", "sent to nobody"),
    ]


def test_a_model_that_was_loaded_and_gave_nothing_has_no_part_in_it(register: Register) -> None:
    write(register, "1.2.1.1", results("0.1.0", age=False))
    assert used_models(results("0.1.0", age=False)) == (("spine-segmentation", "0.3.0"),)
    with pytest.raises(SpineError) as caught:
        results_of(register, [AGE])
    assert caught.value.code is Code.NOTHING_TO_RECALL


def test_run_without_written_results_is_none(register: Register) -> None:
    outcome = RunOutcome(State.NOTHING_TO_SEND, Code.NO_CANDIDATE.value)
    write(register, "1.2.1.1", results("0.1.0"), outcome=outcome)
    with pytest.raises(SpineError):
        results_of(register, [AGE])


def test_run_whose_results_were_removed_is_named_as_unknown(register: Register) -> None:
    write(register, "1.2.1.1", results("0.1.0"))
    record_run(register, "1.2.2.1")
    (register.run_folder("1.2.2.1") / "results.json").unlink()
    assert unknown_runs(register) == ["1.2.2.1"]
    lines = list(listing(results_of(register, [AGE]), ["1.2.2.1"], as_json=False))
    assert lines[-1].startswith("1.2.2.1  unknown")


def test_recalled_runs_are_marked_asked_for_and_say_how_far_they_are(register: Register) -> None:
    write(register, "1.2.1.1", results("0.1.0"), delivered=("pacs",))
    write(register, "1.2.2.1", results("0.1.0"))
    runs = recall(register, results_of(register, [AGE]), Reason.PATIENT_SAFETY)

    assert runs == ["1.2.1.1", "1.2.2.1"]
    assert asked(register) == [(run_id, Request.RECALL) for run_id in runs]
    for run_id in runs:
        found = read_recall(register, run_id)
        assert found is not None
        assert found.title is RejectionTitle.PATIENT_SAFETY
    receipt = register.receipt("1.2.1.1", "pacs")
    register.write_receipt("1.2.1.1", "pacs", replace(receipt, is_withdrawn=True, is_rejected=True))
    assert rows(results_of(register, [AGE])) == [
        ("1.2.1.1", "pacs", "recalled (113037), rejected there"),
        ("1.2.2.1", "pacs", "recalled (113037), waiting"),
    ]
    register.write_receipt(
        "1.2.1.1", "pacs", replace(receipt, is_withdrawn=True, notes={"rejection": "why"})
    )
    assert results_of(register, [AGE])[0].state == "recalled (113037), STILL THERE: why"
    register.write_receipt("1.2.2.1", "pacs", Receipt({}, is_withdrawn=True, is_rejected=True))
    assert results_of(register, [AGE])[1].state == "recalled (113037), never sent"


def test_run_that_only_shows_an_earlier_value_is_listed_and_stays(register: Register) -> None:
    quoting = results("0.2.0", quoted=("age-dcnn 0.1.0", "spine-segmentation 0.3.0"))
    write(register, "1.2.1.1", results("0.1.0"))
    write(register, "1.2.2.1", quoting)
    found = results_of(register, [ModelName("age-dcnn", "0.1.0")])

    assert [(item.run_id, item.only_quotes) for item in found] == [
        ("1.2.1.1", False),
        ("1.2.2.1", True),
    ]
    assert recall(register, found, Reason.QUALITY) == ["1.2.1.1"]
    assert read_recall(register, "1.2.2.1") is None


@pytest.fixture
def command(register: Register, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SPINEMAP_STORAGE__ROOT", str(register.root))
    write(register, "1.2.1.1", results("0.1.0"), delivered=("pacs",))
    return CliRunner()


def test_command_lists_and_changes_nothing(command: CliRunner, register: Register) -> None:
    done = command.invoke(app, ["recall", "--model", "age-dcnn@0.1.0"])
    assert done.exit_code == 0
    assert "1.2.1.1" in done.output
    assert "delivered" in done.output
    done = command.invoke(app, ["recall", "--model", "age-dcnn", "--json"])
    assert json.loads(done.output)["results"][0]["state"] == "delivered"
    assert read_recall(register, "1.2.1.1") is None


def test_command_rejects_only_what_was_confirmed(command: CliRunner, register: Register) -> None:
    wanted = ["recall", "--model", "age-dcnn", "--reject", "quality"]
    assert command.invoke(app, wanted).exit_code == 2
    assert read_recall(register, "1.2.1.1") is None
    done = command.invoke(app, [*wanted, "--yes"])
    assert done.exit_code == 0
    assert done.output.startswith("1 runs recalled; no service runs: at its next start")
    found = read_recall(register, "1.2.1.1")
    assert found is not None
    assert found.title is RejectionTitle.QUALITY


@pytest.mark.parametrize("reason", ["113038", "retention-expired", ""])
def test_command_knows_no_reason_that_is_not_about_results(
    command: CliRunner, register: Register, reason: str
) -> None:
    words = ["recall", "--model", "age-dcnn", "--reject", reason, "--yes"]
    assert command.invoke(app, words).exit_code == 2
    assert read_recall(register, "1.2.1.1") is None


def test_a_name_with_an_empty_version_does_not_mean_every_version() -> None:
    with pytest.raises(SpineError) as caught:
        ModelName.parse("age-dcnn@")
    assert caught.value.code is Code.NOTHING_TO_RECALL


def test_where_nothing_is_found_runs_without_results_are_counted(register: Register) -> None:
    write(register, "1.2.1.1", results("0.1.0"))
    with pytest.raises(SpineError, match=r"no run has a result of this model$"):
        results_of(register, [ModelName("never-there")])
    record_run(register, "1.2.2.1")
    (register.run_folder("1.2.2.1") / "results.json").unlink()
    with pytest.raises(SpineError, match="of 1 runs the results were removed"):
        results_of(register, [ModelName("never-there")])
