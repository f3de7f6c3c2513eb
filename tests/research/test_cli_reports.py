import pytest
from typer.testing import CliRunner

from research.cli import app


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    "command", [("cohort", "reports"), ("cohort", "normal"), ("validate", "cohort")]
)
def test_every_command_shows_an_example(command):
    result = run(*command, "--help")

    assert result.exit_code == 0
    assert f"python -m research {' '.join(command)}" in " ".join(result.output.split())


def test_a_cohort_is_drawn_to_files(tmp_path):
    result = run("cohort", "reports", tmp_path / "r", "--series", "200", "--parquet")

    assert result.exit_code == 0
    assert {p.name for p in (tmp_path / "r").iterdir()} == {
        "reports.parquet", "truth.csv", "world.json",
    }  # fmt: skip


def test_an_unknown_world_is_a_usage_error_that_names_the_worlds(tmp_path):
    result = run("cohort", "reports", tmp_path, "--world", "moon")

    assert result.exit_code == 2
    assert "heavy-tails" in result.output


def test_a_table_that_cannot_be_used_ends_with_what_is_wrong(tmp_path):
    (tmp_path / "r.csv").write_text("series,sexe\na,M\n")

    result = run("cohort", "normal", tmp_path / "r.csv", tmp_path / "out")

    assert result.exit_code == 3
    assert "'sexe' is unknown; 'sex' is known" in result.output
    assert not (tmp_path / "out").exists()


def test_too_few_series_in_every_bracket_is_told(tmp_path):
    run("cohort", "reports", tmp_path, "--series", "200")

    result = run("cohort", "normal", tmp_path / "reports.csv", tmp_path / "out")

    assert result.exit_code == 3
    assert "no age bracket has 150 series" in result.output
