"""SEG BINARY on the source frames, one object a structure group.

Split by group because some viewers refuse more than 400 frames in one object
(docs/adr/0040); the value of a voxel is that of the label map, untouched.
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
from spine.dicom.geometry import planes_from_labels
from spine.dicom.identifiers import DEVICE_UID, MANUFACTURER, MANUFACTURER_MODEL_NAME
from spine.findings import Segmentation
from spine.reporting import wording
from spine.reporting.colors import LABEL_COLORS
from spine.reporting.context import RunContext
from spine.reporting.identity import Identity, ObjectKind
from spine.reporting.sources import SourceSeries
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


def segmentation_objects(
    segmentation: Segmentation, source: SourceSeries, identity: Identity, run: RunContext
) -> dict[StructureGroup, Dataset]:
    """Make one object for every group that is present; series numbers are left to set."""
    planes = planes_from_labels(segmentation.labels, source.frames)
    present = set(np.unique(planes).tolist()) - {0}
    objects = {}
    for number, group in enumerate(StructureGroup, start=1):
        structures = [item for item in _STRUCTURES[group] if item.label in present]
        if structures:
            writer = _Writer(group, number, segmentation, source, identity, run)
            objects[group] = writer.write(planes, structures)
    return objects


@dataclass(frozen=True, slots=True, eq=False)
class _Writer:
    """Writes the object of one group."""

    group: StructureGroup
    number: int
    segmentation: Segmentation
    source: SourceSeries
    identity: Identity
    run: RunContext

    def write(self, planes: NDArray[np.uint8], structures: list[_Structure]) -> Dataset:
        descriptions = [
            self._description(number, item) for number, item in enumerate(structures, start=1)
        ]
        kind, identity = ObjectKind.SEGMENTATION, self.identity
        dataset: Dataset = SegmentationObject(
            source_images=list(self.source.headers),
            pixel_array=_source_planes(_renumbered(planes, structures), self.source),
            segmentation_type=SegmentationTypeValues.BINARY,
            segment_descriptions=descriptions,
            series_instance_uid=identity.series_uid(kind, self.number),
            series_number=1,
            sop_instance_uid=identity.instance_uid(kind, "binary", self.number),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MANUFACTURER_MODEL_NAME,
            software_versions=self.run.code_version,
            device_serial_number=DEVICE_UID,
            content_label=str(self.group).upper().replace(" ", "_"),
            content_description=wording.evidence_of(self.segmentation.model),
        )
        self._pin(dataset)
        return dataset

    def _pin(self, dataset: Dataset) -> None:
        """Replace what the library draws at random."""
        uid = self.identity.instance_uid(ObjectKind.DIMENSION, "binary", self.number)
        for item in dataset.DimensionOrganizationSequence:
            item.DimensionOrganizationUID = uid
        for item in dataset.DimensionIndexSequence:
            item.DimensionOrganizationUID = uid
        stamp(dataset, str(self.group), self.source, (self.segmentation.model,), self.run)

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
            tracking_uid=self.identity.tracking_uid(structure.name),
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
    numbered: NDArray[np.uint8] = lookup[planes]
    return numbered


def _source_planes(planes: NDArray[np.uint8], source: SourceSeries) -> NDArray[np.uint8]:
    """Put planes where the library expects them: at the frame numbers of an enhanced instance."""
    numbers = [frame.frame_number for frame in source.frames]
    if None in numbers:
        return planes
    count = int(source.headers[0].NumberOfFrames)
    whole = np.zeros((count, *planes.shape[1:]), dtype=np.uint8)
    for number, plane in zip(numbers, planes, strict=True):
        whole[(number or 1) - 1] = plane
    return whole
