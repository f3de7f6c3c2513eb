"""The Enhanced MR image (PS3.3 A.36): one instance for a stack, geometry in functional groups."""

import numpy as np
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import EnhancedMRImageStorage

from phantom.dicom_geometry import FrameStack
from phantom.dicom_headers import SeriesHeader, ds, ds_list, series_dataset
from phantom.protocols import Contrast, Coverage, Protocol

_REGIONS = {
    Coverage.WHOLE_SPINE: Code("421060004", "SCT", "Vertebral column"),
    Coverage.CERVICAL: Code("122494005", "SCT", "Cervical spine"),
    Coverage.LUMBAR: Code("122496007", "SCT", "Lumbar spine"),
}
_CONTRASTS = {Contrast.T1: "T1", Contrast.T2: "T2", Contrast.STIR: "STIR"}


def enhanced_dataset(protocol: Protocol, header: SeriesHeader, stack: FrameStack) -> Dataset:
    """Return everything of an Enhanced MR image but identity, UIDs, numbers and pixels."""
    dataset = series_dataset(protocol, header)
    dataset.SOPClassUID = EnhancedMRImageStorage
    dataset.NumberOfFrames = len(stack.pixels)
    _set_enhanced_image(dataset, protocol)
    _set_pulse_sequence(dataset, protocol)
    _set_dimensions(dataset)
    dataset.AcquisitionContextSequence = []
    dataset.SharedFunctionalGroupsSequence = [_shared_groups(protocol, stack)]
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame_groups(stack, index) for index in range(len(stack.pixels))
    ]
    return dataset


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def _coded(code: Code) -> Dataset:
    return _item(
        CodeValue=code.value,
        CodingSchemeDesignator=code.scheme_designator,
        CodeMeaning=code.meaning,
    )


def _image_description(protocol: Protocol) -> dict[str, str]:
    """Return MR Image Description (PS3.3 C.8.13.3.1), the same for the image and its frames."""
    return {
        "PixelPresentation": "MONOCHROME",
        "VolumetricProperties": "VOLUME",
        "VolumeBasedCalculationTechnique": "NONE",
        "ComplexImageComponent": "MAGNITUDE",
        "AcquisitionContrast": _CONTRASTS[protocol.contrast],
    }


def _set_enhanced_image(dataset: Dataset, protocol: Protocol) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", _CONTRASTS[protocol.contrast], "NONE"]
    for keyword, value in _image_description(protocol).items():
        setattr(dataset, keyword, value)
    dataset.ContentQualification = "RESEARCH"
    dataset.ApplicableSafetyStandardAgency = "IEC"
    dataset.AcquisitionDuration = 180.0
    dataset.ResonantNucleus = "1H"
    dataset.KSpaceFiltering = "NONE"
    dataset.MagneticFieldStrength = ds(protocol.field_strength_t)
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.ImageComments = "Synthetic phantom"


def _set_pulse_sequence(dataset: Dataset, protocol: Protocol) -> None:
    """Set the MR Pulse Sequence module (PS3.3 C.8.13.4) of a turbo spin echo."""
    inverted = protocol.contrast is Contrast.STIR
    dataset.PulseSequenceName = "TIR" if inverted else "TSE"
    dataset.MRAcquisitionType = "2D"
    dataset.EchoPulseSequence = "SPIN"
    dataset.MultipleSpinEcho = "YES"
    dataset.MultiPlanarExcitation = "YES"
    dataset.PhaseContrast = "NO"
    dataset.TimeOfFlightContrast = "NO"
    dataset.SteadyStatePulseSequence = "NONE"
    dataset.EchoPlanarPulseSequence = "NO"
    dataset.SaturationRecovery = "NO"
    dataset.SpectrallySelectedSuppression = "NONE"
    dataset.OversamplingPhase = "2D"
    dataset.GeometryOfKSpaceTraversal = "RECTILINEAR"
    dataset.RectilinearPhaseEncodeReordering = "LINEAR"
    dataset.SegmentedKSpaceTraversal = "PARTIAL"
    dataset.NumberOfKSpaceTrajectories = 1


def _set_dimensions(dataset: Dataset) -> None:
    """Declare one dimension, the position in the stack (PS3.3 C.7.6.17)."""
    uid = "2.25.140341276482953114063413120348205210441"
    dataset.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=uid)]
    dataset.DimensionOrganizationType = "3D"
    dataset.DimensionIndexSequence = [
        _item(
            DimensionOrganizationUID=uid,
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=0x00209111,
            DimensionDescriptionLabel=label,
        )
        for pointer, label in ((0x00209056, "Stack ID"), (0x00209057, "In-Stack Position Number"))
    ]


def _shared_groups(protocol: Protocol, stack: FrameStack) -> Dataset:
    thickness = min(protocol.slice_thickness_mm, stack.slice_spacing_mm)
    measures = _item(
        PixelSpacing=[ds(spacing) for spacing in stack.pixel_spacing_mm],
        SliceThickness=ds(thickness),
        SpacingBetweenSlices=ds(stack.slice_spacing_mm),
    )
    anatomy = _item(
        FrameLaterality="U", AnatomicRegionSequence=[_coded(_REGIONS[protocol.coverage])]
    )
    frame_type = _item(
        FrameType=["ORIGINAL", "PRIMARY", _CONTRASTS[protocol.contrast], "NONE"],
        **_image_description(protocol),
    )
    groups = _item(
        PixelMeasuresSequence=[measures],
        PlaneOrientationSequence=[_item(ImageOrientationPatient=ds_list(stack.orientation))],
        FrameAnatomySequence=[anatomy],
        MRImageFrameTypeSequence=[frame_type],
        PixelValueTransformationSequence=[_value_transformation(stack)],
        FrameVOILUTSequence=[_window(stack)],
    )
    groups.update(_mr_groups(protocol, stack))
    return groups


def _value_transformation(stack: FrameStack) -> Dataset:
    return _item(RescaleIntercept=ds(0), RescaleSlope=ds(stack.slope), RescaleType="US")


def _window(stack: FrameStack) -> Dataset:
    highest = max(float(np.percentile(stack.pixels, 99)), 1.0) * stack.slope
    return _item(WindowCenter=ds(highest / 2), WindowWidth=ds(highest))


def _mr_groups(protocol: Protocol, stack: FrameStack) -> Dataset:
    """Return the MR functional groups (PS3.3 C.8.13.5)."""
    return _item(
        MRTimingAndRelatedParametersSequence=[_timing(protocol)],
        MREchoSequence=[_item(EffectiveEchoTime=protocol.echo_time_ms)],
        MRModifierSequence=[_modifier(protocol)],
        MRFOVGeometrySequence=[_field_of_view(stack)],
        MRAveragesSequence=[_item(NumberOfAverages=ds(2))],
        MRImagingModifierSequence=[_imaging_modifier(protocol)],
        MRReceiveCoilSequence=[_receive_coil()],
        MRTransmitCoilSequence=[_transmit_coil()],
    )


def _receive_coil() -> Dataset:
    element = _item(MultiCoilElementName="1", MultiCoilElementUsed="YES")
    return _item(
        ReceiveCoilName="SPINE",
        ReceiveCoilManufacturerName="",
        ReceiveCoilType="MULTICOIL",
        QuadratureReceiveCoil="NO",
        MultiCoilDefinitionSequence=[element],
    )


def _transmit_coil() -> Dataset:
    return _item(TransmitCoilName="BODY", TransmitCoilManufacturerName="", TransmitCoilType="BODY")


def _timing(protocol: Protocol) -> Dataset:
    return _item(
        RepetitionTime=ds(protocol.repetition_time_ms),
        FlipAngle=ds(90),
        EchoTrainLength=protocol.echo_train_length,
        RFEchoTrainLength=protocol.echo_train_length,
        GradientEchoTrainLength=0,
        SpecificAbsorptionRateSequence=[
            _item(
                SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=1.0
            )
        ],
        GradientOutputType="DB_DT",
        GradientOutput=10.0,
        OperatingModeSequence=[
            _item(OperatingModeType="STATIC FIELD", OperatingMode="IEC_NORMAL"),
            _item(OperatingModeType="RF", OperatingMode="IEC_NORMAL"),
            _item(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL"),
        ],
    )


def _modifier(protocol: Protocol) -> Dataset:
    inverted = protocol.contrast is Contrast.STIR
    item = _item(
        InversionRecovery="YES" if inverted else "NO",
        FlowCompensation="NONE",
        Spoiling="NONE",
        T2Preparation="NO",
        SpectrallySelectedExcitation="NONE",
        SpatialPresaturation="NONE",
        PartialFourier="NO",
        ParallelAcquisition="NO",
    )
    if protocol.inversion_time_ms is not None:
        item.InversionTimes = [protocol.inversion_time_ms]
    return item


def _field_of_view(stack: FrameStack) -> Dataset:
    rows, columns = stack.pixels.shape[1:]
    return _item(
        InPlanePhaseEncodingDirection="COLUMN",
        MRAcquisitionFrequencyEncodingSteps=columns,
        MRAcquisitionPhaseEncodingStepsInPlane=rows,
        PercentSampling=ds(100),
        PercentPhaseFieldOfView=ds(100),
    )


def _imaging_modifier(protocol: Protocol) -> Dataset:
    return _item(
        MagnetizationTransfer="NONE",
        BloodSignalNulling="NO",
        Tagging="NONE",
        TransmitterFrequency=42.577 * protocol.field_strength_t,
        PixelBandwidth=ds(200),
    )


def _frame_groups(stack: FrameStack, index: int) -> Dataset:
    content = _item(
        StackID="1",
        InStackPositionNumber=index + 1,
        DimensionIndexValues=[1, index + 1],
        FrameAcquisitionDuration=180000.0,
        FrameAcquisitionDateTime="20250314091500",
        FrameReferenceDateTime="20250314091500",
    )
    return _item(
        FrameContentSequence=[content],
        PlanePositionSequence=[_item(ImagePositionPatient=ds_list(stack.positions[index]))],
    )
