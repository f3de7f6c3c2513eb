"""Pixel data in the transfer syntaxes that hospitals send."""

from pathlib import Path
from tempfile import TemporaryDirectory

import gdcm
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)

TRANSFER_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEG2000Lossless,
    RLELossless,
)


def set_pixels(dataset: Dataset, pixels: NDArray[np.uint16], transfer_syntax: UID) -> None:
    """Set the Image Pixel module (PS3.3 C.7.6.3) from frames of shape (frames, rows, columns)."""
    dataset.Rows, dataset.Columns = pixels.shape[1:]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = pixels.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    if transfer_syntax == JPEGLosslessSV1:
        _compress_jpeg_lossless(dataset)
    elif transfer_syntax in (JPEG2000Lossless, RLELossless):
        dataset.compress(transfer_syntax, generate_instance_uid=False)
    elif transfer_syntax not in TRANSFER_SYNTAXES:
        raise ValueError(f"no encoder for {transfer_syntax.name}")
    else:
        dataset.file_meta.TransferSyntaxUID = transfer_syntax


def _compress_jpeg_lossless(dataset: Dataset) -> None:
    """Encode with GDCM, which pydicom uses to decode JPEG Lossless but not to encode it.

    Through files: GDCM's Python binding corrupts memory when it is handed arrays.
    """
    with TemporaryDirectory() as folder:
        plain, compressed = Path(folder) / "plain.dcm", Path(folder) / "compressed.dcm"
        dataset.save_as(plain, enforce_file_format=True)
        _convert(plain, compressed)
        dataset.PixelData = dcmread(compressed).PixelData
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1


def _convert(source: Path, target: Path) -> None:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    if not reader.Read():
        raise ValueError("GDCM could not read the image")
    change.SetInput(reader.GetImage())
    if not change.Change():
        raise ValueError("GDCM could not encode the image")
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    if not writer.Write():
        raise ValueError("GDCM could not write the image")
