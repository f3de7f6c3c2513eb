"""How a command ends whose input is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from spine.errors import SpineError


@contextmanager
def told(*more: type[Exception]) -> Iterator[None]:
    """End with what is wrong with the input, not with a traceback; exit status 3.

    Parameters
    ----------
    *more : errors of the command's own room that are neither a SpineError nor a ValueError
    """
    wrong: tuple[type[Exception], ...] = (SpineError, ValueError, FileNotFoundError, *more)
    try:
        yield
    except wrong as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from error
