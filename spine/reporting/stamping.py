"""What every object of ours carries alike: equipment, dates, notices, and no randomness."""

import re
from datetime import datetime, timedelta, timezone

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DA, DT, TM

from spine.dicom.codes import (
    PRIVATE_SCHEME,
    PRIVATE_SCHEME_NAME,
    PRIVATE_SCHEME_UID,
    PRIVATE_SCHEME_VERSION,
    PROCESSING_EQUIPMENT,
)
from spine.dicom.identifiers import (
    DEVICE_UID,
    MANUFACTURER,
    MANUFACTURER_MODEL_NAME,
    uid_from_name,
)
from spine.findings import ModelReference
from spine.reporting import wording
from spine.reporting.context import RunContext
from spine.reporting.sources import SourceSeries

_ACQUISITION_EQUIPMENT = "109101"
# Hours and minutes from UTC (PS3.3 C.12.1.1.8); anything else says nothing.
_OFFSET = re.compile("[+-](0[0-9]|1[0-4])[0-5][0-9]")


def stamp(
    dataset: Dataset,
    content: str,
    source: SourceSeries,
    references: tuple[ModelReference, ...],
    run: RunContext,
    station: int | None = None,
) -> None:
    """Set equipment, description and all dates; what the library dated "now" is overwritten.

    Parameters
    ----------
    content : what the series holds, in a word or two
    references : the models that contributed to this object
    station : on whose images the series lies; None of one image series
    """
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = MANUFACTURER_MODEL_NAME
    dataset.SoftwareVersions = run.code_version
    dataset.DeviceUID = DEVICE_UID
    dataset.SeriesDescription = wording.series_description(
        content, station, demonstration=run.demonstration, revision=run.revision
    )
    dataset.CodingSchemeIdentificationSequence = [_private_scheme()]
    offset = str(source.headers[0].get("TimezoneOffsetFromUTC") or "")
    if _OFFSET.fullmatch(offset):
        dataset.TimezoneOffsetFromUTC = offset
    moment = local_time(run.analysis_time, offset)
    for event in ("Content", "Series", "InstanceCreation"):
        setattr(dataset, f"{event}Date", DA(moment.date()))
        setattr(dataset, f"{event}Time", TM(f"{moment:%H%M%S}"))
    dataset.ContributingEquipmentSequence = [
        *_acquisition(dataset),
        *(_equipment(model, run.analysis_time) for model in references),
    ]


def local_time(moment: datetime, offset: str) -> datetime:
    """Return a moment in the source's time zone (0008,0201), else in the zone it was given in."""
    if not _OFFSET.fullmatch(offset):
        return moment
    sign = -1 if offset[0] == "-" else 1
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
    return moment.astimezone(timezone(sign * shift))


def code_item(code: Code) -> Dataset:
    """Return a code as an item of a code sequence (PS3.3 section 8.8)."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def _private_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = PRIVATE_SCHEME
    item.CodingSchemeUID = PRIVATE_SCHEME_UID
    item.CodingSchemeName = PRIVATE_SCHEME_NAME
    item.CodingSchemeVersion = PRIVATE_SCHEME_VERSION
    item.CodingSchemeResponsibleOrganization = MANUFACTURER
    return item


def _acquisition(dataset: Dataset) -> list[Dataset]:
    """Keep the scanner's item of the library, drop its own, which is dated now."""
    return [
        item
        for item in dataset.get("ContributingEquipmentSequence") or ()
        if item.PurposeOfReferenceCodeSequence[0].CodeValue == _ACQUISITION_EQUIPMENT
    ]


def _equipment(model: ModelReference, moment: datetime) -> Dataset:
    """Name a model as processing equipment, as IHE AI Results asks for each algorithm."""
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item(PROCESSING_EQUIPMENT)]
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = model.name
    item.SoftwareVersions = model.version
    item.DeviceUID = model_device_uid(model)
    item.ContributionDateTime = DT(f"{moment:%Y%m%d%H%M%S%z}")
    item.ContributionDescription = f"Evidence: {model.evidence}"
    return item


def model_device_uid(model: ModelReference) -> str:
    """Name a model by the hash of its card, which holds the hashes of its weights."""
    return uid_from_name(f"model {model.card_sha256}")
