"""The shipped table and the shipped models agree; a changed value does not pass."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from app.acceptance import TABLE
from tests.app.service.served import ROOT
from tests.app.test_cli import Run, run  # noqa: F401 - the fixture

MODELS = ROOT / "models"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (MODELS / TABLE).is_file(), reason="needs the shipped models"),
]


def test_installation_is_accepted_and_a_changed_table_names_the_difference(
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models)
    content = json.loads((MODELS / TABLE).read_text())
    content["rows"]["segmentation vertebra_count"]["value"] += 1
    (models / TABLE).write_text(json.dumps(content))
    site = tmp_path / "site.yaml"
    site.write_text(yaml.safe_dump({"models": {"folder": str(models)}}))
    ended = run("check", "--acceptance", "--config", site)
    assert ended.status == 5
    assert f"ACCEPTANCE_DIFFERS: 1 of {len(content['rows'])} values" in ended.err
    [line] = [line for line in ended.out.splitlines() if line.startswith("segmentation vertebra")]
    assert line.split()[2:] == ["24", "23", "0"]


def test_table_that_is_not_there_ends_with_2(run: Run, tmp_path: Path) -> None:  # noqa: F811
    site = tmp_path / "site.yaml"
    site.write_text(yaml.safe_dump({"models": {"folder": str(tmp_path)}}))
    ended = run("check", "--acceptance", "--config", site)
    assert ended.status == 2
    assert "no table of this release" in ended.err
