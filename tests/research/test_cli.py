import pytest
from typer.testing import CliRunner

from research.cli import app


@pytest.mark.parametrize(
    "command",
    [
        *(["cohort", kind] for kind in ("age", "discs", "progression", "regions", "segmentation")),
        *(["train", kind] for kind in ("age", "disc", "progression", "segmentation")),
        ["export", "progression"],
        ["finetune", "progression"],
        ["cohort", "sheets"],
        ["export", "segmentation"],
        ["export", "age"],
        ["report", "spine-age"],
        ["export", "age-limits"],
        ["predict", "age"],
        ["validate", "segmentation"],
    ],
)
def test_every_command_shows_an_example(command):
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == 0
    assert f"python -m research {' '.join(command)}" in " ".join(result.output.split())


@pytest.mark.parametrize("command", [["cohort", "discs"], ["train", "disc"]])
def test_the_old_way_to_disc_models_names_what_it_makes_and_the_new_way(command):
    told = " ".join(CliRunner().invoke(app, [*command, "--help"]).output.split())

    assert "disc models 0.1.0" in told
    assert f"`{command[0]} progression`" in told


def test_unknown_scale_is_a_usage_error(tmp_path):
    arguments = ["train", "disc", str(tmp_path), str(tmp_path), "--scale", "modic"]

    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_a_config_that_is_wrong_ends_with_what_is_wrong(tmp_path):
    (tmp_path / "c.yaml").write_text("net: medium\nsources: []\n")
    options = ["--config", str(tmp_path / "c.yaml"), "--fold", "0"]

    result = CliRunner().invoke(app, ["train", "segmentation", str(tmp_path / "run"), *options])

    assert result.exit_code == 3
    assert "net" in result.output
    assert not (tmp_path / "run").exists()
