import pytest
from typer.testing import CliRunner

from research.cli import app

COMMAND = ["report", "spine-age"]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["reports.csv", "--virtual"],
        ["reports.csv", "--planted"],
        ["--virtual", "--splits", "splits.csv"],
    ],
)
def test_a_table_or_a_virtual_world_must_be_named(options, tmp_path):
    result = CliRunner().invoke(app, [*COMMAND, *options, "--build", str(tmp_path)])

    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_an_unusable_table_ends_with_what_is_wrong(tmp_path):
    table = tmp_path / "reports.csv"
    table.write_text("series,patient,hieght\ns1,p1,180\n")

    result = CliRunner().invoke(app, [*COMMAND, str(table), "--build", str(tmp_path / "build")])

    assert result.exit_code == 3
    assert (
        "'hieght' is unknown" in result.output and "required columns are missing" in result.output
    )
    assert not (tmp_path / "build" / "report-spine-age.json").exists()
