"""Arguments and options that the commands about discs share."""

from pathlib import Path
from typing import Annotated

import typer

Cohort = Annotated[Path, typer.Argument(help="Folder of the cohort.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that render or cut.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads of the networks.")]
LeaveOut = Annotated[
    bool, typer.Option("--leave-out", help="Go on without discs that cannot be cut.")
]
