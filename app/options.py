"""Options and output that the commands share."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="HOLOSCAN_CONFIG_PATH",
        help="The site's settings, over app.yaml.",
        dir_okay=False,
    ),
]
ModelFolder = Annotated[
    Path | None,
    typer.Option(
        "--models",
        "-m",
        envvar="HOLOSCAN_MODEL_PATH",
        help="Folder with one folder per model.",
        file_okay=False,
    ),
]


def say(line: str) -> None:
    """Print a line of the answer."""
    print(line, flush=True)


def complain(line: str) -> None:
    """Print a line about what went wrong."""
    print(f"spinemap: {line}", file=sys.stderr, flush=True)
