"""Pixel data decoded and rescaled, frame by frame."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.pixels.utils import iter_pixels

from spine.dicom.elements import READ_ERRORS, text_of
from spine.dicom.frames import Frame
from spine.errors import Code, UnsuitableSeriesError


def decode(frames: Sequence[Frame]) -> NDArray[np.float32]:
    """Decode frames of equal size and apply the Modality LUT's slope and intercept.

    More is brighter, whatever the photometric interpretation says.

    Returns
    -------
    float32, shape (frames, rows, columns)
        In the order given; not finite where slope or intercept are no numbers.

    Raises
    ------
    UnsuitableSeriesError
        ``UNDECODABLE``.
    """
    decoded: list[NDArray[np.float32] | None] = [None] * len(frames)
    places = sorted(range(len(frames)), key=lambda n: (frames[n].instance.path, frames[n].index))
    for _, group in groupby(places, key=lambda n: frames[n].instance.path):
        places_of_file = list(group)
        stored = _stored_values([frames[place] for place in places_of_file])
        for place, values in zip(places_of_file, stored, strict=True):
            decoded[place] = _rescaled(frames[place], values)
    return np.stack([values for values in decoded if values is not None])


def _stored_values(frames: Sequence[Frame]) -> Iterator[NDArray[np.number]]:
    """Decode some frames of one file, in their order in it."""
    plane = frames[0].plane
    try:
        dataset = dcmread(frames[0].instance.path, force=True)
        for values in iter_pixels(dataset, indices=[frame.index for frame in frames]):
            if plane is None or values.shape != (plane.rows, plane.columns):
                raise ValueError("not a grayscale frame of the size announced")
            yield _brighter_is_more(values, dataset)
    except (*READ_ERRORS, RuntimeError):
        raise UnsuitableSeriesError(Code.UNDECODABLE, "pixel data cannot be decoded") from None


def _brighter_is_more(stored: NDArray[np.number], dataset: Dataset) -> NDArray[np.number]:
    """Mirror MONOCHROME1, whose lowest value is shown white (PS3.3 C.7.6.3.1.2)."""
    if text_of(dataset, "PhotometricInterpretation") != "MONOCHROME1":
        return stored
    steps = 2**dataset.BitsStored - 1
    # Lowest and highest of signed values sum to -1.
    return (-1 if dataset.PixelRepresentation else steps) - stored.astype(np.int64)


def _rescaled(frame: Frame, stored: NDArray[np.number]) -> NDArray[np.float32]:
    """Apply Rescale Slope and Intercept (PS3.3 C.11.1); absent ones change nothing."""
    slope, intercept = _factor(frame, "RescaleSlope", 1.0), _factor(frame, "RescaleIntercept", 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        return (stored * slope + intercept).astype(np.float32)


def _factor(frame: Frame, keyword: str, absent: float) -> float:
    if frame.has(keyword):
        number = frame.number(keyword)
        return float("nan") if number is None else number
    return absent
