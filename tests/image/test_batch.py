"""One study in a folder: results, or one clear line with a code and nothing half-done."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import highdicom as hd
import pydicom
import pytest

from tests.image import targets
from tests.image.conftest import USER, Figures, Image

INPUT = "/var/holoscan/input"
OUTPUT = "/var/holoscan/output"
MODELS = Path(__file__).parents[2] / "models"

Owned = Callable[[str], Path]


def volumes(study: Path, output: Path) -> tuple[str, ...]:
    return (f"--volume={study}:{INPUT}:ro", f"--volume={output}:{OUTPUT}")


def test_batch_run_writes_results_that_others_read(
    image: Image, study: Path, owned: Owned, figures: Figures
) -> None:
    output = owned("out")
    started = time.monotonic()
    ended = image.run(options=volumes(study, output))
    figures.add(targets.BATCH, time.monotonic() - started)
    assert (ended.status, ended.err) == (0, "")
    results = json.loads((output / "results.json").read_text())
    # The shipped models rest on synthetic data: their numbers are withheld, never the report.
    assert results["age"]["refusal"] is not None
    assert len(results["discs"]) >= 5
    for entry in results["objects"]:
        data_set = pydicom.dcmread(output / entry["file"])
        assert data_set.SOPInstanceUID == entry["sop_instance_uid"]
    segmentation = hd.seg.segread(next((output / "dicom").glob("*segmentation-vertebrae.dcm")))
    assert segmentation.number_of_segments >= 3
    assert {path.owner() for path in output.rglob("*.dcm")} == {Path(output).owner()}


def test_runs_of_one_study_are_equal_with_the_same_analysis_time(
    image: Image, study: Path, owned: Owned
) -> None:
    written = []
    for name in ("first", "second"):
        output = owned(name)
        time_of_both = ("run", "--analysis-time", "2026-01-02T03:04:05+0000")
        assert image.run(*time_of_both, options=volumes(study, output)).status == 0
        written.append({p.name: p.read_bytes() for p in (output / "dicom").iterdir()})
    assert written[0] == written[1]


def _tampered(folder: Path) -> None:
    shutil.copytree(MODELS, folder, dirs_exist_ok=True)
    weights = folder / "spine-segmentation" / "fine.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "code"),
    [(lambda _folder: None, "MODEL_MISSING"), (_tampered, "MODEL_TAMPERED")],
    ids=["missing", "tampered"],
)
def test_wrong_models_end_with_4(
    image: Image, study: Path, owned: Owned, make: Callable[[Path], None], code: str
) -> None:
    output, models = owned("out"), owned("models")
    make(models)
    ended = image.run(
        options=(*volumes(study, output), f"--volume={models}:/opt/holoscan/models:ro")
    )
    assert (ended.status, code in ended.complaint) == (4, True)
    assert list(output.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"SPINEMAP_LISTNER__PORT": "1"}, "SETTINGS_INVALID: SPINEMAP_LISTNER__PORT"),
        (
            {"SPINEMAP_MODELS__BACKEND": "torch", "SPINEMAP_MODELS__DEVICE": "cuda:0"},
            "DEVICE_MISSING: cuda:0",
        ),
        ({"SPINEMAP_MODELS__DEVICE": "gpu"}, "DEVICE_MISSING: gpu"),
    ],
    ids=["unknown setting", "no CUDA device", "no OpenVINO device"],
)
def test_wrong_settings_end_with_2(
    image: Image, study: Path, owned: Owned, variables: dict[str, str], named: str
) -> None:
    output = owned("out")
    options = [f"--env={name}={value}" for name, value in variables.items()]
    ended = image.run(options=(*volumes(study, output), *options))
    assert (ended.status, named in ended.complaint) == (2, True)
    assert list(output.iterdir()) == []


def test_output_of_another_user_ends_with_2(image: Image, study: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    ended = image.run(options=volumes(study, tmp_path))
    assert ended.status == 2
    assert "OUTPUT_UNWRITABLE" in ended.complaint
    assert f"user {USER}" in ended.complaint
    assert list(tmp_path.iterdir()) == []


def test_no_input_ends_with_3(image: Image, owned: Owned) -> None:
    ended = image.run(options=(f"--volume={owned('out')}:{OUTPUT}",))
    assert (ended.status, "INPUT_EMPTY" in ended.complaint) == (3, True)


def test_terminated_batch_run_ends_at_once(image: Image, study: Path, owned: Owned) -> None:
    container = image.start("terminated", options=volumes(study, owned("out")))
    time.sleep(1.5)
    status, seconds = container.stop()
    assert status != 0
    assert seconds < 10
