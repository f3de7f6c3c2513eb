"""Elements of a data set read safely: pydicom converts on access, and not every value converts."""

import struct
import zlib

from pydicom import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.sequence import Sequence

# What pydicom raises on bytes that are no data set, or no value of their representation,
# depending on where they stop making sense.
READ_ERRORS = (
    InvalidDicomError,
    BytesLengthException,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    struct.error,
    zlib.error,
)


def value_of(dataset: Dataset, keyword: str) -> object:
    """Return an element's value; None where it is missing, empty or malformed."""
    try:
        value: object = dataset.get(keyword)
    except READ_ERRORS:
        return None
    return None if value == "" else value


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return an element's value as text without padding; empty where there is none."""
    value = value_of(dataset, keyword)
    return "" if value is None else str(value).strip()


def items_of(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; none where it is missing or no sequence."""
    value = value_of(dataset, keyword)
    return tuple(value) if isinstance(value, Sequence) else ()


def file_meta_of(dataset: Dataset) -> Dataset:
    """Return the file meta information, empty where the file had none."""
    meta: Dataset = getattr(dataset, "file_meta", None) or Dataset()
    return meta
