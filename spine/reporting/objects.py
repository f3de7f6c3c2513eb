"""Which objects a run writes, in which order, with which series numbers (docs/adr/0040, 0101)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import Dataset

from spine.findings import AgeEstimate, Findings, ModelReference, Segmentation
from spine.reporting.context import RunContext, WritingSettings
from spine.reporting.document import document
from spine.reporting.group import Group
from spine.reporting.groups import groups_from_findings
from spine.reporting.heat_map import heat_map_object, heat_maps
from spine.reporting.identity import Identity
from spine.reporting.key_picture import compose_key_pictures
from spine.reporting.kinds import KEY_PICTURE, Kind, in_order
from spine.reporting.pages import Pages
from spine.reporting.provenance import Provenance
from spine.reporting.secondary_capture import SUMMARY, key_capture, secondary_capture
from spine.reporting.segmentation_object import (
    StructureGroup,
    label_map_object,
    segmentation_objects,
)
from spine.reporting.sources import source_series
from spine.reporting.structured_report import structured_report
from spine.reporting.text_report import text_report

# Each kind's first series, counted from that of the settings; a number never moves to another
# kind, so that a reader finds a series where it was last time.
_SERIES = {
    Kind.SEGMENTATION: 0,
    Kind.PICTURE: 4,
    Kind.REPORT: 5,
    Kind.LABEL_MAP: 6,
    Kind.KEY_PICTURES: 7,
    Kind.HEAT_MAP: 8,
    Kind.DOCUMENT: 10,
    Kind.TEXT_REPORT: 11,
}

# More than a run has series: those of the second station come after all of them.
_SERIES_A_STATION = 20

Named = tuple[str, Dataset]


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Makes the objects of a run."""

    findings: Findings
    references: tuple[ModelReference, ...]
    run: RunContext
    settings: WritingSettings
    pages: Pages

    def make(self) -> Iterator[Named]:
        """Make each with its name, in the order of sending: reports after what they speak of."""
        provenance = Provenance(
            source_series(self.findings.selection),
            self.references,
            Identity(self.findings, self.references, self.run),
            self.run,
        )
        makers = {
            Kind.SEGMENTATION: self._segmentations,
            Kind.LABEL_MAP: self._label_map,
            Kind.PICTURE: self._picture,
            Kind.KEY_PICTURES: self._key_pictures,
            Kind.HEAT_MAP: self._heat_maps,
            Kind.DOCUMENT: self._document,
            Kind.REPORT: self._report,
            Kind.TEXT_REPORT: self._text_report,
        }
        for kind in in_order(self.settings.objects):
            first = self.settings.series_number + _SERIES[kind]
            for offset, (name, dataset) in makers[kind](provenance):
                dataset.SeriesNumber = first + offset
                yield name, dataset

    def _segmentations(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        segmentation = self.findings.segmentation
        if not isinstance(segmentation, Segmentation):
            return
        for part in provenance.stations:
            made = segmentation_objects(segmentation, part)
            for offset, group in enumerate(StructureGroup):
                if group in made:
                    yield _on(part, offset, f"segmentation {group}", made[group])

    def _label_map(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        segmentation = self.findings.segmentation
        if not isinstance(segmentation, Segmentation):
            return
        for part in provenance.stations:
            made = label_map_object(segmentation, part)
            if made is not None:
                yield _on(part, 0, "label map", made)

    def _picture(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        capture = secondary_capture(self.pages.summary.pixels, SUMMARY, provenance)
        yield 0, ("secondary capture", capture)

    def _key_pictures(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        slices = compose_key_pictures(self.findings, self.references, self.run)
        for number, page in enumerate((*slices, *self.pages.details), start=1):
            capture = secondary_capture(page.pixels, key_capture(number), provenance)
            yield 0, (f"{KEY_PICTURE} {number}", capture)

    def _heat_maps(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        age = self.findings.age
        for heat_map in heat_maps(age) if isinstance(age, AgeEstimate) else ():
            for part in provenance.stations:
                made = heat_map_object(heat_map, part)
                yield _on(part, heat_map.number - 1, f"heat map {heat_map.name}", made)

    def _document(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        yield 0, ("document", document([self.pages.summary, *self.pages.details], provenance))

    def _report(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        source, references = provenance.source, provenance.references
        groups = self._groups(provenance)
        report = structured_report(groups, source, references, provenance.identity, self.run)
        yield 0, ("structured report", report)

    def _text_report(self, provenance: Provenance) -> Iterator[tuple[int, Named]]:
        yield 0, ("text report", text_report(self._groups(provenance), provenance))

    def _groups(self, provenance: Provenance) -> tuple[Group, ...]:
        return groups_from_findings(self.findings, provenance.source, self.run.revision)


def _on(part: Provenance, offset: int, name: str, dataset: Dataset) -> tuple[int, Named]:
    """Name an object and its series by the station it lies on; the first one's as if alone."""
    station = "" if part.station is None else f" station {part.station}"
    return offset + part.number(0, _SERIES_A_STATION), (f"{name}{station}", dataset)
