"""The command line as a caller meets it: output, one line on stderr, exit status."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from app.cli import main
from phantom.dicom_patient import PatientIdentity
from phantom.protocols import LUMBAR_T1, LUMBAR_T2, Protocol, coarser
from phantom.studies import StudyPlan, write_phantom_study
from tests.app.conftest import Installed

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["app", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capfd.readouterr()
        return Ended(int(ended.value.code or 0), output.out, output.err)

    return run


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_phantom_study(
        folder, 3, StudyPlan(55.0, "F", protocols=(_coarse(LUMBAR_T2),), sub_slices=1)
    )
    return folder


def _coarse(protocol: Protocol) -> Protocol:
    return coarser(protocol, 4.0)


def _options(installed: Installed, source: Path, output: Path) -> tuple[object, ...]:
    return ("run", "-i", source, "-o", output, "-m", installed.folder, "--config", installed.site)


def test_results_are_where_the_output_says_and_said_in_one_line(
    run: Run, installed: Installed, study: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    ended = run(*_options(installed, study, output))
    assert ended.status == 0, ended.err
    results = json.loads((output / "results.json").read_text())
    assert results["age"]["refusal"] is not None
    written = [entry["file"] for entry in results["objects"]]
    assert all((output / name).is_file() for name in written)
    record = json.loads((output / "run.json").read_text())
    assert len(record["instances"]) == len(list(study.rglob("*.dcm")))
    assert ended.out.startswith(f"{len(written)} DICOM objects written")
    assert ended.err == ""


def test_same_analysis_time_gives_the_same_bytes(
    run: Run, installed: Installed, study: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        options = _options(installed, study, tmp_path / name)
        assert run(*options, "--analysis-time", "2026-01-02T03:04:05+0100").status == 0
    first, second = (tmp_path / name / "results.json" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert "2026-01-02T03:04:05+01:00" in first.read_text()


def test_study_without_candidate_ends_well(run: Run, installed: Installed, tmp_path: Path) -> None:
    plan = StudyPlan(55.0, "F", protocols=(_coarse(LUMBAR_T1),), sub_slices=1)
    write_phantom_study(tmp_path / "t1", 3, plan)
    ended = run(*_options(installed, tmp_path / "t1", tmp_path / "out"))
    assert ended.status == 0, ended.err
    assert "NO_CANDIDATE" in ended.out


def _two_patients(study: Path, folder: Path) -> None:
    shutil.copytree(study, folder / "a")
    other = PatientIdentity(patient_id="ANOTHER")
    plan = StudyPlan(55.0, "F", protocols=(_coarse(LUMBAR_T2),), sub_slices=1)
    write_phantom_study(folder / "b", 4, plan, other)


def _not_dicom(_study: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear colleague")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda _study, _folder: None, "INPUT_MISSING"),
        (lambda _study, folder: folder.mkdir(), "INPUT_EMPTY"),
        (_not_dicom, "INPUT_EMPTY"),
        (_two_patients, "TWO_PATIENTS"),
    ],
    ids=["missing", "empty", "nothing readable", "two patients"],
)
def test_bad_input_ends_with_3_and_one_line(
    run: Run,
    installed: Installed,
    study: Path,
    tmp_path: Path,
    make: Callable[[Path, Path], None],
    code: str,
) -> None:
    make(study, tmp_path / "in")
    ended = run(*_options(installed, tmp_path / "in", tmp_path / "out"))
    assert ended.status == 3, ended.err
    complaints = [line for line in ended.err.splitlines() if line.startswith("spinemap:")]
    assert len(complaints) == 1
    assert code in complaints[0]
    assert not (tmp_path / "out" / "results.json").exists()


@pytest.fixture
def own_models(installed: Installed, tmp_path: Path) -> Installed:
    """A copy of the models that a test may spoil."""
    shutil.copytree(installed.folder, tmp_path / "models")
    return Installed(tmp_path / "models", installed.site)


def test_missing_segmentation_model_ends_with_4(
    run: Run, own_models: Installed, study: Path, tmp_path: Path
) -> None:
    shutil.rmtree(own_models.folder / "spine-segmentation")
    ended = run(*_options(own_models, study, tmp_path / "out"))
    assert (ended.status, "MODEL_MISSING" in ended.err) == (4, True)


def test_missing_age_model_is_only_a_refusal(
    run: Run, own_models: Installed, study: Path, tmp_path: Path
) -> None:
    shutil.rmtree(own_models.folder / "age-dcnn")
    assert run(*_options(own_models, study, tmp_path / "out")).status == 0


def test_tampered_weights_end_with_4(
    run: Run, own_models: Installed, study: Path, tmp_path: Path
) -> None:
    weights = own_models.folder / "age-dcnn" / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    ended = run(*_options(own_models, study, tmp_path / "out"))
    assert (ended.status, "MODEL_TAMPERED" in ended.err) == (4, True)


def test_models_that_nobody_approved_end_with_4(
    run: Run, installed: Installed, study: Path, tmp_path: Path
) -> None:
    ended = run("run", "-i", study, "-o", tmp_path / "out", "-m", installed.folder)
    assert (ended.status, "MODEL_NOT_APPROVED" in ended.err) == (4, True)


@pytest.mark.parametrize(
    ("site", "named"),
    [("listner: {}\n", "listner"), ("science: {minimal: 1}\n", "science.minimal")],
)
def test_wrong_settings_end_with_2(
    run: Run, study: Path, tmp_path: Path, site: str, named: str
) -> None:
    (tmp_path / "site.yaml").write_text(site)
    ended = run("run", "-i", study, "-o", tmp_path / "out", "--config", tmp_path / "site.yaml")
    assert ended.status == 2
    assert named in ended.err


def test_device_that_is_not_there_ends_with_2(
    run: Run, installed: Installed, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINEMAP_MODELS__DEVICE", "cuda:7")
    ended = run(*_options(installed, study, tmp_path / "out"))
    assert ended.status == 2
    assert ended.err == "spinemap: DEVICE_MISSING: cuda:7: torch finds only cpu\n"
    assert list((tmp_path / "out").iterdir()) == []


def test_output_that_cannot_be_written_ends_with_2(
    run: Run, installed: Installed, study: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ended = run(*_options(installed, study, tmp_path / "file" / "out"))
    assert ended.status == 2
    assert "OUTPUT_UNWRITABLE" in ended.err


def test_signal_to_terminate_ends_the_process(
    run: Run, installed: Installed, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.analysis.load_analysis", lambda _: os.kill(os.getpid(), 15))
    assert run(*_options(installed, study, tmp_path / "out")).status == 128 + 15


@pytest.mark.parametrize("arguments", [("run",), ("echo", "--to", "nowhere"), ("fly",)])
def test_wrong_usage_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).status == 2


def test_failure_of_ours_ends_with_5_without_quoting(
    run: Run, installed: Installed, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise KeyError("Doe^Jane")

    monkeypatch.setattr("spine.pipeline.select", fail)
    ended = run(*_options(installed, study, tmp_path / "out"))
    assert ended.status == 5
    assert "INTERNAL: KeyError" in ended.err
    assert "Doe" not in ended.err.splitlines()[-1]


def test_every_command_shows_an_example(run: Run) -> None:
    commands = ("run", "serve", "demo", "send", "echo", "status", "check", "retry", "hold")
    commands += ("backup", "restore", "manifest")
    for command in (*((name,) for name in commands), ("models", "list"), ("models", "approve")):
        ended = run(*command, "--help")
        assert ended.status == 0
        assert f"python -m app {' '.join(command)}" in ended.out


def test_models_are_listed_with_what_the_approval_says(
    run: Run, own_models: Installed, tmp_path: Path
) -> None:
    (own_models.folder / "age-dcnn" / "weights.safetensors").write_bytes(b"")
    ended = run("models", "list", "-m", own_models.folder, "--config", own_models.site)
    assert "spine-segmentation  0.1.0  synthetic  approved" in ended.out
    assert "age-dcnn  MODEL_TAMPERED" in ended.out


def test_approval_entry_approves_when_put_into_the_site(
    run: Run, installed: Installed, tmp_path: Path
) -> None:
    entry = run("models", "approve", "age-dcnn", "-m", installed.folder).out
    (tmp_path / "site.yaml").write_text(entry)
    listed = run("models", "list", "-m", installed.folder, "--config", tmp_path / "site.yaml").out
    assert "age-dcnn  0.1.0  synthetic  approved" in listed
    assert "spine-segmentation  MODEL_NOT_APPROVED" in listed


def test_approval_of_a_missing_or_tampered_model_is_refused(
    run: Run, own_models: Installed
) -> None:
    (own_models.folder / "age-dcnn" / "weights.safetensors").write_bytes(b"")
    assert run("models", "approve", "age-dcnn", "-m", own_models.folder).status == 4
    assert run("models", "approve", "nothing", "-m", own_models.folder).status == 4


def test_check_names_what_is_wrong(run: Run, installed: Installed, tmp_path: Path) -> None:
    settings = yaml.safe_load(installed.site.read_text())
    settings["storage"] = {"root": str(tmp_path / "data")}
    settings["listener"] = settings["web"] = {"port": 0}
    settings["destinations"] = [
        {"name": "pacs", "host": "127.0.0.1", "port": 1, "ae_title": "PACS"}
    ]
    site = tmp_path / "site.yaml"
    site.write_text(yaml.safe_dump(settings))
    ended = run("check", "--config", site)
    assert ended.status == 5
    assert "WRONG pacs: DELIVERY_FAILED: UNREACHABLE" in ended.out
    assert "ok    age-dcnn: 0.1.0, evidence synthetic" in ended.out
    del settings["destinations"]
    site.write_text(yaml.safe_dump(settings))
    assert run("check", "--config", site).status == 0


def test_status_reads_the_disk(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINEMAP_STORAGE__ROOT", str(tmp_path / "data"))
    assert "nothing received" in run("status").out
    (tmp_path / "data" / "studies" / "1.2.3" / "in").mkdir(parents=True)
    (tmp_path / "data" / "runs").mkdir()
    assert "arriving   1.2.3  0 instances" in run("status").out


@pytest.mark.slow
@pytest.mark.parametrize("program", [("-m", "app"), (".",)], ids=["package", "folder"])
def test_both_entries_run_the_same_program(program: tuple[str, ...]) -> None:
    command = [sys.executable, *program, "echo", "--to", "127.0.0.1:1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 5
    assert ended.stderr == "spinemap: DELIVERY_FAILED: UNREACHABLE: 127.0.0.1:1\n"


@pytest.mark.slow
def test_light_commands_do_without_the_heavy_libraries() -> None:
    program = (
        "import sys, app.cli, app.service.server, app.service.graph, app.operations\n"
        "heavy = {'torch', 'holoscan', 'monai', 'openvino', 'highdicom', 'nnunetv2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"
