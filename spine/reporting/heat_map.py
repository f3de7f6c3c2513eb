"""Parametric Map of where the age network looked, on the source frames (docs/adr/0028, 0101)."""

from dataclasses import dataclass

from highdicom import VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom import Dataset

from spine.dicom import codes
from spine.dicom.identifiers import DEVICE_UID, MANUFACTURER, MANUFACTURER_MODEL_NAME
from spine.findings import AgeEstimate, ModelReference
from spine.imaging.volume import Volume
from spine.reporting import wording_heat
from spine.reporting.identity import ObjectKind
from spine.reporting.multiframe import own_frames, pin_dimensions, restore_frame_numbers
from spine.reporting.provenance import Provenance
from spine.reporting.stamping import code_item, stamp

_ENCODING = "float"
# Older and younger.
_MAPS = 2


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """One of the two maps of an age.

    Attributes
    ----------
    number : 1 for what made the answer older, 2 for younger
    name : the same in a word
    heat : 0 to 1 on the grid of the segmented volume
    model : the age network
    """

    number: int
    name: str
    heat: Volume
    model: ModelReference


def heat_maps(age: AgeEstimate) -> tuple[HeatMap, ...]:
    """Return the maps of an age that hold any heat."""
    if age.heat is None:
        return ()
    found = ((1, "older", age.heat.older), (2, "younger", age.heat.younger))
    return tuple(
        HeatMap(number, name, heat, age.model) for number, name, heat in found if heat is not None
    )


def heat_map_object(heat_map: HeatMap, provenance: Provenance) -> Dataset:
    """Make the object of a map; its series number is left to set.

    The values are float32 and those of the picture: 0 to 1, each map on its own scale.
    """
    source, identity = provenance.source, provenance.identity
    number = provenance.number(heat_map.number, _MAPS)
    dataset: Dataset = ParametricMap(
        source_images=own_frames(source),
        pixel_array=provenance.planes_of_volume(heat_map.heat),
        series_instance_uid=identity.series_uid(ObjectKind.HEAT_MAP, number),
        series_number=1,
        sop_instance_uid=identity.instance_uid(ObjectKind.HEAT_MAP, _ENCODING, number),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER_MODEL_NAME,
        software_versions=provenance.run.code_version,
        device_serial_number=DEVICE_UID,
        # A share of heat says nothing of a face.
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping(heat_map.name)],
        voi_lut_transformations=[VOILUTTransformation(window_center=0.5, window_width=1.0)],
        content_label=heat_map.name.upper(),
        content_description=wording_heat.MAP_DESCRIPTION,
    )
    _complete(dataset, heat_map, provenance, number)
    return dataset


def _complete(dataset: Dataset, heat_map: HeatMap, provenance: Provenance, number: int) -> None:
    """Add what the library has no argument for, and take out what it draws at random."""
    # An unpaired body part: Laterality (2C) is absent.
    dataset.BodyPartExamined = "SPINE"
    # Type 2 (PS3.3 table 10-12): present, though nobody made the map.
    dataset.ContentCreatorName = None
    dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [_frame_anatomy()]
    source, run = provenance.source, provenance.run
    restore_frame_numbers(dataset, source)
    pin_dimensions(dataset, provenance.identity, f"{ObjectKind.HEAT_MAP}-{_ENCODING}", number)
    content = f"heat map, {heat_map.name}"
    stamp(dataset, content, source, (heat_map.model,), run, provenance.station)


def _frame_anatomy() -> Dataset:
    """Say what the frames show (PS3.3 C.7.6.16.2.8); dcmqi 1.5.7 crashes on a map without it."""
    anatomy = Dataset()
    anatomy.AnatomicRegionSequence = [code_item(codes.SPINE)]
    anatomy.FrameLaterality = "U"
    return anatomy


def _mapping(name: str) -> RealWorldValueMapping:
    return RealWorldValueMapping(
        lut_label=name.upper(),
        lut_explanation=wording_heat.MAP_VALUES,
        unit=codes.NO_UNITS,
        value_range=(0.0, 1.0),
        slope=1.0,
        intercept=0.0,
        quantity_definition=codes.CLASS_ACTIVATION,
    )
