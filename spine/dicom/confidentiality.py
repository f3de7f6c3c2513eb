"""No patient data in logs: DICOM's libraries quote values and file names in what they warn of."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.config import disable_value_validation

_LOGGER = logging.getLogger("pydicom")


@contextmanager
def no_values_in_logs() -> Iterator[None]:
    """Read without pydicom's judgment of values, in logs or on standard error.

    What it would warn of is judged here by code: a value that does not convert counts as
    missing, a file that ends early is set aside.
    """
    with no_quoted_values(), disable_value_validation():
        yield


@contextmanager
def no_quoted_values() -> Iterator[None]:
    """Keep the warnings of pydicom and highdicom out of logs and standard error.

    They quote what they warn of: a patient's name of one component, a date that is none.
    """
    level = _LOGGER.level
    _LOGGER.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            for library in ("pydicom", "highdicom"):
                warnings.filterwarnings("ignore", module=library)
            yield
    finally:
        _LOGGER.setLevel(level)
