"""The commands for labeled data sets of any origin. Heavy imports wait inside them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

labeled_app = typer.Typer(
    help="Labeled MR data, public or made at a site, read through a mapping file.",
    no_args_is_help=True,
)

# As the service's program says it: 2 settings or usage, 3 input.
_USAGE, _INPUT = 2, 3

Folder = Annotated[Path, typer.Argument(help="Folder of the data set.", exists=True)]
Mapping = Annotated[
    str, typer.Option(help="A shipped mapping (spider, spineps, …) or a mapping file.")
]


@labeled_app.command()
def check(folder: Folder, mapping: Mapping) -> None:
    """Load every case of a data set and show what its labels mean; writes nothing.

    Ends with status 3 if a case cannot be used: a mask on another grid than its image, a
    label that the mapping does not name, a damaged file.

    Example: python -m research labeled check data/site --mapping site.yaml
    """
    from research.labeled.cases import read_labeled_cases
    from research.labeled.checking import check_data, tabulate_check
    from research.labeled.mapping_file import load_mapping

    with _faults_told():
        known = load_mapping(mapping)
        checked = check_data(read_labeled_cases(folder, known), known)
    typer.echo(tabulate_check(checked))
    if checked.problems:
        raise typer.Exit(_INPUT)


@labeled_app.command()
def folds(
    folder: Folder,
    output: Annotated[Path, typer.Argument(help="JSON file, in nnU-Net's format.")],
    mapping: Mapping,
    count: Annotated[int, typer.Option(min=2, help="Number of folds.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same folds.")] = 0,
) -> None:
    """Deal the patients of a data set out to folds and write them down.

    Example: python -m research labeled folds data/site build/folds.json --mapping site.yaml
    """
    from research.labeled.cases import read_labeled_cases
    from research.labeled.folds import folds_by_patient, write_folds
    from research.labeled.mapping_file import load_mapping

    with _faults_told():
        made = folds_by_patient(read_labeled_cases(folder, load_mapping(mapping)), count, seed)
    write_folds(made, output)
    typer.echo("\n".join(f"fold {n}: {len(f.validation)} cases" for n, f in enumerate(made)))


@contextmanager
def _faults_told() -> Iterator[None]:
    """Turn what is wrong with the data into a line and an exit status."""
    from research.labeled.errors import Fault, LabeledDataError

    try:
        yield
    except LabeledDataError as error:
        typer.echo(str(error), err=True)
        invalid = error.fault is Fault.MAPPING_INVALID
        raise typer.Exit(_USAGE if invalid else _INPUT) from None
