import pytest
from typer.testing import CliRunner

from research.cli import app


@pytest.mark.parametrize("command", [["train", "segflow"], ["validate", "segflow"]])
def test_every_command_shows_an_example(command):
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == 0
    assert f"python -m research {' '.join(command)}" in " ".join(result.output.split())
