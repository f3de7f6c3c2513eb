"""Whether the service's own path gives what the training's table says, on images at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from research.cohort import read_images, read_records
from research.measurements import Data, Measurement
from research.validation.age import chain
from research.validation.age.predictions import Prediction
from research.worlds.age import Part
from spine.errors import Refusal
from spine.inference.models import AgeModel, Models
from spine.preprocessing.age import age_input

MOST_YEARS = 1e-3


@dataclass(frozen=True, slots=True)
class ServiceCase:
    """One scan, by the table and by the service.

    Attributes
    ----------
    table_years, true_labels_years : of the table, and by the service's input and network
    own_labels_years : with the service's own segmentation; None where it gives no age
    code : of the refusal, else empty
    """

    case: str
    table_years: float
    true_labels_years: float
    own_labels_years: float | None
    code: str


def beside_service(
    predictions: Sequence[Prediction], cohort: Path, models: Models, cases: int
) -> list[ServiceCase]:
    """Run the first cases of the test part again, all uncorrected."""
    if not isinstance(models.age, AgeModel):
        return []
    said = {item.subject_id: item for item in predictions if item.part is Part.TEST}
    folder = cohort / Part.TEST.value
    records = [record for record in read_records(folder) if record.subject_id in said][:cases]
    found = []
    for record in tqdm(records, desc="service", mininterval=5):
        volume, labels = read_images(folder, record)
        spine = age_input(volume, labels, models.age.spec)
        years = float(models.age.network(spine[None])[0, 0])
        own = chain.estimate(
            chain.segment(volume, record.age_years, models), record.age_years, models
        )
        found.append(
            ServiceCase(
                record.subject_id,
                said[record.subject_id].predicted_years,
                years,
                None if isinstance(own, Refusal) else own.uncorrected_age_years,
                own.code.value if isinstance(own, Refusal) else "",
            )
        )
    return found


def service_rows(cases: Sequence[ServiceCase], data: Data) -> list[Measurement]:
    """Return the largest difference with true labels, and the spread with the service's own."""
    apart = [abs(case.true_labels_years - case.table_years) for case in cases]
    known = [case for case in cases if case.own_labels_years is not None]
    own = np.array([case.own_labels_years for case in known], dtype=np.float64)
    own -= [case.table_years for case in known]
    most = max(apart, default=None)
    name, count = "service against table", len(cases)
    mean = float(own.mean()) if own.size else None
    spread = float(own.std(ddof=1)) if own.size > 1 else None
    exact = f"{name}, true labels: largest difference"
    own_name = f"{name}, own segmentation"
    return [
        Measurement(exact, most, "years", data, count, MOST_YEARS, "lower"),
        Measurement(f"{own_name}: mean difference", mean, "years", data, own.size),
        Measurement(f"{own_name}: SD of the difference", spread, "years", data, own.size),
        Measurement(f"{own_name}: refused", float(count - own.size), "cases", data, count),
    ]
