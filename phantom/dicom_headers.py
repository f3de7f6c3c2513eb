"""What scanners write about a series: sequence, equipment and image modules of MR.

`classic_dataset` makes one single-frame MR Image (PS3.3 A.4) as Philips or Siemens
scanners fill it; the Enhanced MR image is in `phantom.dicom_enhanced`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, MRImageStorage
from pydicom.valuerep import DSfloat

from phantom.dicom_geometry import FrameStack
from phantom.protocols import Contrast, Coverage, Protocol, Vendor

IMPLEMENTATION_CLASS_UID = UID("2.25.271563091722186571424113287470561219533")

_BODY_PARTS = {
    Coverage.WHOLE_SPINE: "SPINE",
    Coverage.CERVICAL: "CSPINE",
    Coverage.LUMBAR: "LSPINE",
}
_MANUFACTURERS = {Vendor.PHILIPS: "Philips Medical Systems", Vendor.SIEMENS: "SIEMENS"}
_IMAGE_TYPES = {
    Vendor.PHILIPS: ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"],
    Vendor.SIEMENS: ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"],
}


@dataclass(frozen=True, slots=True)
class SeriesHeader:
    """What the header of a series says beyond its protocol.

    Attributes
    ----------
    modality, body_part : None leaves the protocol's own
    image_type : None writes the vendor's usual values
    description : None writes the protocol's name
    scan_options : such as ``("FS",)`` for fat saturation
    """

    modality: str = "MR"
    body_part: str | None = None
    image_type: tuple[str, ...] | None = None
    description: str | None = None
    scan_options: tuple[str, ...] = ()


def series_dataset(protocol: Protocol, header: SeriesHeader) -> Dataset:
    """Return the General Series and Equipment modules (PS3.3 C.7.3.1, C.7.5.1)."""
    dataset = Dataset()
    dataset.Modality = header.modality
    dataset.SeriesDescription = header.description or protocol.name
    dataset.ProtocolName = protocol.name
    dataset.BodyPartExamined = (
        _BODY_PARTS[protocol.coverage] if header.body_part is None else header.body_part
    )
    dataset.PatientPosition = "HFS"
    dataset.PositionReferenceIndicator = ""
    dataset.Manufacturer = _MANUFACTURERS[protocol.vendor]
    dataset.ManufacturerModelName = "Synthetic phantom"
    dataset.InstitutionName = ""
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = "0"
    return dataset


def classic_dataset(
    protocol: Protocol, header: SeriesHeader, stack: FrameStack, index: int
) -> Dataset:
    """Return everything of one frame's MR Image but identity, UIDs, numbers and pixels."""
    dataset = series_dataset(protocol, header)
    dataset.SOPClassUID = MRImageStorage
    dataset.ImageType = list(header.image_type or _IMAGE_TYPES[protocol.vendor])
    _set_sequence(dataset, protocol, header)
    _set_plane(dataset, protocol, stack, index)
    _set_window(dataset, stack)
    if protocol.vendor is Vendor.PHILIPS:
        _set_philips(dataset, protocol, stack, index)
    return dataset


def file_meta(sop_class_uid: UID, sop_instance_uid: UID) -> FileMetaDataset:
    """Return file meta information; the transfer syntax is set with the pixels."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class_uid
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    return meta


def ds(value: float) -> DSfloat:
    """Return a decimal string of at most 16 characters (PS3.5 section 6.2)."""
    return DSfloat(float(value), auto_format=True)


def ds_list(values: NDArray[np.float64]) -> list[DSfloat]:
    """Return decimal strings."""
    return [ds(value) for value in values]


def _set_sequence(dataset: Dataset, protocol: Protocol, header: SeriesHeader) -> None:
    inverted = protocol.contrast is Contrast.STIR
    dataset.ScanningSequence = ["SE", "IR"] if inverted else "SE"
    dataset.SequenceVariant = ["SK", "SP"] if protocol.vendor is Vendor.SIEMENS else "SK"
    dataset.ScanOptions = list(header.scan_options)
    dataset.MRAcquisitionType = "2D"
    dataset.RepetitionTime = ds(protocol.repetition_time_ms)
    dataset.EchoTime = ds(protocol.echo_time_ms)
    dataset.EchoTrainLength = protocol.echo_train_length
    dataset.EchoNumbers = 1
    if protocol.inversion_time_ms is not None:
        dataset.InversionTime = ds(protocol.inversion_time_ms)
    dataset.MagneticFieldStrength = ds(protocol.field_strength_t)
    dataset.ImagingFrequency = ds(42.577 * protocol.field_strength_t)
    dataset.ImagedNucleus = "1H"
    dataset.NumberOfAverages = ds(2)
    dataset.FlipAngle = ds(90)
    if protocol.vendor is Vendor.SIEMENS:
        dataset.SequenceName = f"*{'tir' if inverted else 'tse'}2d1_{protocol.echo_train_length}"


def _set_plane(dataset: Dataset, protocol: Protocol, stack: FrameStack, index: int) -> None:
    dataset.ImageOrientationPatient = ds_list(stack.orientation)
    dataset.ImagePositionPatient = ds_list(stack.positions[index])
    dataset.PixelSpacing = [ds(spacing) for spacing in stack.pixel_spacing_mm]
    dataset.SliceThickness = ds(min(protocol.slice_thickness_mm, stack.slice_spacing_mm))
    dataset.SpacingBetweenSlices = ds(stack.slice_spacing_mm)
    normal = np.cross(stack.orientation[:3], stack.orientation[3:])
    dataset.SliceLocation = ds(float(normal @ stack.positions[index]))


def _set_window(dataset: Dataset, stack: FrameStack) -> None:
    highest = max(float(np.percentile(stack.pixels, 99)), 1.0)
    dataset.WindowCenter = ds(highest / 2)
    dataset.WindowWidth = ds(highest)


def _set_philips(dataset: Dataset, protocol: Protocol, stack: FrameStack, index: int) -> None:
    """Add rescaling, which Siemens leaves out, and the private numbers of slices and scale."""
    dataset.RescaleIntercept = ds(0)
    dataset.RescaleSlope = ds(stack.slope)
    dataset.RescaleType = "normalized"
    dataset.WindowCenter = ds(dataset.WindowCenter * stack.slope)
    dataset.WindowWidth = ds(dataset.WindowWidth * stack.slope)
    dataset.AcquisitionContrast = protocol.contrast.value
    imaging = dataset.private_block(0x2001, "Philips Imaging DD 001", create=True)
    imaging.add_new(0x0A, "IS", index + 1)
    imaging.add_new(0x18, "SL", len(stack.pixels))
    scaling = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    scaling.add_new(0x0E, "FL", stack.slope)
