"""``python -m research``."""

from research.cli import app

app()
