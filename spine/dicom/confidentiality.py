"""No patient data in logs: pydicom quotes values and file names in what it warns of."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.config import disable_value_validation

_LOGGER = logging.getLogger("pydicom")


@contextmanager
def no_values_in_logs() -> Iterator[None]:
    """Keep pydicom's warnings about values and files out of logs and standard error.

    What they warn of is judged here by code: a value that does not convert counts as
    missing, a file that ends early is set aside.
    """
    level = _LOGGER.level
    _LOGGER.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), disable_value_validation():
            warnings.filterwarnings("ignore", module="pydicom")
            yield
    finally:
        _LOGGER.setLevel(level)
