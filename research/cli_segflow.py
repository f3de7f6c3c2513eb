"""Commands of the label-free route, registered with those of `research.cli`."""

from pathlib import Path
from typing import Annotated

import typer

Images = Annotated[Path, typer.Argument(help="Folder of *_image.nii.gz; nothing else is read.")]
Run = Annotated[Path, typer.Argument(help="Folder of votes, checkpoints and curves; resumed.")]
RealData = Annotated[
    Path, typer.Option(help="Folder of real volumes with labels, read by this command alone.")
]
Judged = Annotated[Path, typer.Option("--run", help="Folder of the training to judge.")]


def register(train_app: typer.Typer, validate_app: typer.Typer) -> None:
    """Add `train segflow` and `validate segflow`."""
    train_app.command("segflow")(train_segflow)
    validate_app.command("segflow")(validate_segflow)


def train_segflow(
    images: Images,
    run: Run,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the slices.")] = 6,
    fold: Annotated[
        int | None, typer.Option(min=0, help="Leave out this fifth; all are trained on without.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Train a vertebra network without any label: rules, votes, a U-Net on the votes.

    Example: python -m research train segflow ../shared/data/spider_t2space build/runs/segflow
    """
    from dataclasses import replace

    from research.segflow.training import SegflowTraining, train

    plan = SegflowTraining(fold)
    settings = replace(plan.loop, epochs=epochs, threads=threads)
    typer.echo(train(images, run, replace(plan, loop=settings)))


def validate_segflow(real_data: RealData, run: Judged = Path("build/runs/segflow")) -> None:
    """Measure votes and network on real masks; also writes build/validate-segflow.json.

    Example: python -m research validate segflow --real-data ../shared/data/spider_t2space
    """
    from research.measurements import tabulate
    from research.segflow.validation import validate

    typer.echo(tabulate(validate(run, real_data)))
