import pytest
from typer.testing import CliRunner

from research.cli import app


@pytest.mark.parametrize(
    "command", [["cohort", "age"], ["cohort", "discs"], ["train", "age"], ["train", "disc"]]
)
def test_every_command_shows_an_example(command):
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == 0
    assert f"python -m research {' '.join(command)}" in " ".join(result.output.split())


def test_unknown_scale_is_a_usage_error(tmp_path):
    arguments = ["train", "disc", str(tmp_path), str(tmp_path), "--scale", "modic"]

    assert CliRunner().invoke(app, arguments).exit_code == 2
