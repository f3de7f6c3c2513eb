import numpy as np
import pytest
from typer.testing import CliRunner

from research.cli import app
from research.labeled.cases import read_labeled_cases
from research.labeled.checking import check_data
from research.labeled.errors import Fault
from research.labeled.mapping_file import load_mapping
from spine.imaging import nifti
from spine.imaging.volume import LabelMap
from tests.research.labeled import written


def run(*arguments):
    return CliRunner().invoke(app, ["labeled", *map(str, arguments)])


def table(output):
    """Read the table back: the words of each line by its first word."""
    return {line.split()[0]: line.split()[1:] for line in output.splitlines() if line.strip()}


@pytest.mark.parametrize("command", ["check", "folds"])
def test_every_command_shows_an_example(command):
    result = run(command, "--help")

    assert result.exit_code == 0
    assert f"python -m research labeled {command}" in " ".join(result.output.split())


def test_check_counts_cases_labels_and_voxels(spider, lumbar):
    result = run("check", spider, "--mapping", "spider")

    assert result.exit_code == 0, result.output
    rows = table(result.output)
    source = written.spider_labels(lumbar.labels.data)
    assert rows["cases"][:4] == ["2", "of", "2", "patients;"]
    assert rows["canal"] == ["100", f"{2 * (source == 100).sum():,}", "2", "csf,", "cord"]
    assert rows["lumbar"][:2] == ["1-5", f"{2 * np.isin(source, range(1, 6)).sum():,}"]
    assert rows["thoracic"][0].startswith("6")
    assert "never found" not in result.output


def test_check_reports_what_cannot_be_used_and_fails(merged):
    labels = nifti.read_labels(merged / "3_labels.nii.gz")
    nifti.write(LabelMap(labels.data[:-1], labels.affine), merged / "3_labels.nii.gz")
    labels.data[0, 0, 0] = 9
    nifti.write(labels, merged / "41_labels.nii.gz")

    result = run("check", merged, "--mapping", "spider-merged")

    assert result.exit_code == 3
    assert "different grids 1" in result.output
    assert "unknown labels  1" in result.output
    assert "GRIDS_DIFFER: case 3: " in result.output
    assert "41_labels.nii.gz: 9" in result.output


def test_a_set_that_no_mask_holds_is_told(merged, lumbar):
    empty = LabelMap(np.zeros_like(lumbar.labels.data), lumbar.labels.affine)
    for case in ("3", "41"):
        written.write_nifti(empty, merged / f"{case}_labels.nii.gz", "RAS")
    mapping = load_mapping("spider-merged")

    checked = check_data(read_labeled_cases(merged, mapping), mapping)

    assert [one.name for one in checked.sets if not one.voxels] == [
        "lumbar",
        "thoracic",
        "disc",
        "canal",
    ]
    assert checked.sets[0].voxels == 2 * empty.data.size
    assert checked.count(Fault.UNREADABLE) == 0


def test_wrong_mapping_is_a_usage_error_and_wrong_data_an_input_error(tmp_path):
    assert run("check", tmp_path, "--mapping", "spyder").exit_code == 2
    assert run("check", tmp_path, "--mapping", "spider").exit_code == 3


def test_folds_are_written_by_patient(merged, tmp_path):
    output = tmp_path / "out" / "folds.json"

    result = run("folds", merged, output, "--mapping", "spider-merged", "--count", "2")

    assert result.exit_code == 0, result.output
    assert output.exists()
    assert "fold 1: 1 cases" in result.output
