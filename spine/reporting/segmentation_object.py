"""Segmentations on the source frames: SEG BINARY, one object a structure group, or LABELMAP.

Binary objects are split by group because some viewers refuse more than 400 frames in one
(docs/adr/0040); which segment a voxel belongs to is as in our label map, untouched. Of a
joined volume each station has objects of its own, on its own frames (docs/adr/0102).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from highdicom.color import CIELabColor
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    SegmentationTypeValues,
    SegmentDescription,
)
from highdicom.seg import (
    Segmentation as SegmentationObject,
)
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.coding import Code

from spine.anatomy.labels import (
    CORD,
    CSF,
    DISC_LABELS,
    RIB_LEFT,
    RIB_RIGHT,
    SACRUM,
    VERTEBRA_LABELS,
)
from spine.anatomy.levels import DiscLevel
from spine.dicom import codes
from spine.dicom.identifiers import DEVICE_UID, MANUFACTURER, MANUFACTURER_MODEL_NAME
from spine.findings import Segmentation
from spine.reporting import wording
from spine.reporting.colors import LABEL_COLORS
from spine.reporting.identity import ObjectKind
from spine.reporting.multiframe import own_frames, pin_dimensions, restore_frame_numbers
from spine.reporting.provenance import Provenance
from spine.reporting.stamping import code_item, stamp


class StructureGroup(StrEnum):
    """The structures that share an object; the value names its file and series."""

    VERTEBRAE = "vertebrae"
    DISCS = "discs"
    CANAL = "canal and cord"
    RIBS = "ribs"


@dataclass(frozen=True, slots=True)
class _Structure:
    """A label value as a segment."""

    label: int
    name: str
    kind: Code
    side: Code | None = None


# Head to foot within a group, whatever the numbers of the labels.
_STRUCTURES: dict[StructureGroup, tuple[_Structure, ...]] = {
    StructureGroup.VERTEBRAE: tuple(
        _Structure(value, "Sacrum" if value == SACRUM else str(level), codes.VERTEBRA_CODES[level])
        for level, value in sorted(VERTEBRA_LABELS.items(), key=lambda item: item[0].order)
    ),
    StructureGroup.DISCS: tuple(
        _Structure(DISC_LABELS[level], str(level), codes.DISC_CODES[level]) for level in DiscLevel
    ),
    StructureGroup.CANAL: (
        _Structure(CORD, "Spinal cord", codes.SPINAL_CORD),
        _Structure(CSF, "Cerebrospinal fluid", codes.CEREBROSPINAL_FLUID),
    ),
    StructureGroup.RIBS: (
        _Structure(RIB_LEFT, "Ribs, left", codes.RIB, codes.LEFT),
        _Structure(RIB_RIGHT, "Ribs, right", codes.RIB, codes.RIGHT),
    ),
}


@dataclass(frozen=True, slots=True)
class _Form:
    """How an object is encoded, and what its identifiers and its series say it is."""

    kind: ObjectKind
    encoding: SegmentationTypeValues
    number: int
    content: str

    @property
    def encoding_name(self) -> str:
        """The encoding as it stands in identifiers."""
        return str(self.encoding.value).lower()


def segmentation_objects(
    segmentation: Segmentation, provenance: Provenance
) -> dict[StructureGroup, Dataset]:
    """Make one object for every group that is present; series numbers are left to set."""
    planes = provenance.planes_of_labels(segmentation.labels)
    present, objects = _values(planes), {}
    for number, group in enumerate(StructureGroup, start=1):
        structures = [item for item in _STRUCTURES[group] if item.label in present]
        if structures:
            binary = SegmentationTypeValues.BINARY
            place = provenance.number(number, len(StructureGroup))
            form = _Form(ObjectKind.SEGMENTATION, binary, place, str(group))
            objects[group] = _Writer(form, segmentation, provenance).write(planes, structures)
    return objects


def label_map_object(segmentation: Segmentation, provenance: Provenance) -> Dataset | None:
    """Make one object of all structures, one frame a plane; None where nothing is segmented.

    Groups need not be apart: there are as many frames as the source has, whatever they show.
    """
    planes = provenance.planes_of_labels(segmentation.labels)
    present = _values(planes)
    every = (item for group in StructureGroup for item in _STRUCTURES[group])
    structures = [item for item in every if item.label in present]
    if not structures:
        return None
    number, encoding = provenance.number(1, 1), SegmentationTypeValues.LABELMAP
    form = _Form(ObjectKind.LABEL_MAP, encoding, number, "label map")
    dataset = _Writer(form, segmentation, provenance).write(planes, structures)
    background, *segments = dataset.SegmentSequence
    # Last, though its number is 0: OHIF 3.13 and older tools count the items from 1 and would
    # give each segment the name and color of the one before it.
    dataset.SegmentSequence = [*segments, background]
    return dataset


def _values(planes: NDArray[np.uint8]) -> set[int]:
    return set(np.unique(planes).tolist())


class _WrittenOnly(SegmentationObject):  # type: ignore[misc]
    """An object without the index by which the library finds frames: it is written, not read."""

    def _build_luts(self) -> None:
        pass


@dataclass(frozen=True, slots=True, eq=False)
class _Writer:
    """Writes one object."""

    form: _Form
    segmentation: Segmentation
    provenance: Provenance

    def write(self, planes: NDArray[np.uint8], structures: list[_Structure]) -> Dataset:
        descriptions = [
            self._description(number, item) for number, item in enumerate(structures, start=1)
        ]
        form, source, identity = self.form, self.provenance.source, self.provenance.identity
        dataset: Dataset = _WrittenOnly(
            source_images=own_frames(source),
            pixel_array=_renumbered(planes, structures),
            segmentation_type=form.encoding,
            # A label map keeps every plane: readers refuse one in which planes are missing.
            omit_empty_frames=form.encoding is SegmentationTypeValues.BINARY,
            segment_descriptions=descriptions,
            series_instance_uid=identity.series_uid(form.kind, form.number),
            series_number=1,
            sop_instance_uid=identity.instance_uid(form.kind, form.encoding_name, form.number),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MANUFACTURER_MODEL_NAME,
            software_versions=self.provenance.run.code_version,
            device_serial_number=DEVICE_UID,
            content_label=form.content.upper().replace(" ", "_"),
            content_description=wording.evidence_of(self.segmentation.model),
        )
        self._pin(dataset)
        return dataset

    def _pin(self, dataset: Dataset) -> None:
        form, provenance = self.form, self.provenance
        restore_frame_numbers(dataset, provenance.source)
        pin_dimensions(dataset, provenance.identity, form.encoding_name, form.number)
        models = (self.segmentation.model,)
        run, station = provenance.run, provenance.station
        stamp(dataset, form.content, provenance.source, models, run, station)

    def _description(self, number: int, structure: _Structure) -> SegmentDescription:
        model = self.segmentation.model
        description = SegmentDescription(
            segment_number=number,
            segment_label=structure.name,
            segmented_property_category=codes.ANATOMICAL_STRUCTURE,
            segmented_property_type=structure.kind,
            algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=AlgorithmIdentificationSequence(
                name=model.name,
                family=codes.ARTIFICIAL_INTELLIGENCE,
                version=model.version,
                source=MANUFACTURER,
            ),
            tracking_uid=self.provenance.identity.tracking_uid(structure.name),
            tracking_id=structure.name,
            display_color=CIELabColor.from_rgb(*LABEL_COLORS[structure.label]),
        )
        description.SegmentDescription = wording.evidence_of(model)
        if structure.side is not None:
            kind = description.SegmentedPropertyTypeCodeSequence[0]
            kind.SegmentedPropertyTypeModifierCodeSequence = [code_item(structure.side)]
        return description


def _renumbered(planes: NDArray[np.uint8], structures: list[_Structure]) -> NDArray[np.uint8]:
    """Turn label values into segment numbers 1, 2, …; everything else into background."""
    lookup = np.zeros(256, dtype=np.uint8)
    for number, structure in enumerate(structures, start=1):
        lookup[structure.label] = number
    numbered: NDArray[np.uint8] = np.take(lookup, planes)
    return numbered
