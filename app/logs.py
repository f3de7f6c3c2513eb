"""What the program says on standard error."""

import logging
import sys

_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# They report every association, and every module that a result copies.
_TALKATIVE = ("pynetdicom", "highdicom")


def log_to_stderr() -> None:
    """Log from INFO on; libraries that comment on each object only from WARNING on."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=_FORM)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
