"""Names in messages: some of them, and how many more."""

from collections.abc import Sequence


def listed(names: Sequence[object], most: int = 10) -> str:
    """Join names for a message; past `most` only their number is told."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
