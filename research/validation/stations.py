"""Joined stations against the whole spine that they were cut from, on the service's own path.

Beside it the whole with noise as stations have it, which tells what of a difference is the
join's, and stations with planted faults, none of which may be joined.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import numpy as np
from tqdm import tqdm

from phantom.dicom_patient import PatientIdentity, StudyIdentity
from phantom.protocols import WHOLE_SPINE_T2
from phantom.stations import StationPlan, cut_stations, received
from phantom.write_study import one_series, write_study
from research.cohort import SubjectRecord, read_images, read_records
from research.measurements import Data, Measurement, write_measurements
from research.validation.age import chain
from research.validation.station_faults import fault_figures, refusals
from spine import pipeline
from spine.errors import Refusal
from spine.findings import AgeEstimate, Segmentation
from spine.imaging.volume import Volume
from spine.inference.models import Models

# As it is, and with noise as each station has it.
WHOLE, NOISY_WHOLE = 1, 0
COUNTS = (2, 3)
CLOSE_YEARS = 0.5
FAR_YEARS = 1.5
LEAST_CLOSE = 0.95
MOST_REFUSED = 0.1

# As received: coils that fade at the ends, gains apart by up to three quarters, and noise of
# their own beside that of the source. They lie on its pixels: between them they would be
# interpolated twice, by the phantom and by the join, once more than a scanner's.
OVERLAP_MM = 50.0
_GAINS = (0.75, 1.33)
_OFFSET_PIXELS = 0.0
_NOISE = 0.01
_FALLOFF = 0.3
_STUDY_DATE = date(2025, 3, 14)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the service says of one study.

    Attributes
    ----------
    stations : joined; 0 where the volume is one series
    years : spine age; None where it is refused
    levels : names of vertebrae and discs found; empty where nothing was segmented
    code : of the refusal of the age, or of the caution why stations were not joined
    """

    stations: int
    years: float | None
    levels: tuple[str, ...]
    code: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A subject as a whole and in stations."""

    native: Outcome
    joined: Outcome
    count: int

    @property
    def is_refused(self) -> bool:
        """Whether stations give no age, or were not joined, where the whole gives one."""
        return self.joined.stations != self.count or self.joined.years is None

    @property
    def apart_years(self) -> float | None:
        """How far the two ages lie apart."""
        if self.is_refused or self.joined.years is None or self.native.years is None:
            return None
        return abs(self.joined.years - self.native.years)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is measured.

    Attributes
    ----------
    cohort : rendered whole spines
    folder : gets an outcome a study, which is not made again
    """

    cohort: Path
    models: Path
    subjects: int
    folder: Path


def validate(inputs: Inputs, build: Path = Path("build")) -> list[Measurement]:
    """Measure subjects as a whole, in two and in three stations; write validate-stations.json.

    Raises
    ------
    ValueError
        If the cohort has fewer subjects.
    """
    began = time.perf_counter()
    records = read_records(inputs.cohort)[: inputs.subjects]
    if len(records) < inputs.subjects:
        raise ValueError(f"{inputs.cohort} has {len(records)} subjects, not {inputs.subjects}")
    folder = inputs.folder / _fingerprint(inputs.models)
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[int, list[Outcome]] = {count: [] for count in (WHOLE, NOISY_WHOLE, *COUNTS)}
    with tqdm(total=len(records) * len(found), desc="stations", mininterval=1) as bar:
        for record in records:
            for count, outcomes in found.items():
                outcomes.append(_outcome(folder, inputs, record, count))
                bar.update()
    cases = {
        count: [Case(*pair, count) for pair in zip(found[WHOLE], outcomes, strict=True)]
        for count, outcomes in found.items()
    }
    rows = [row for count in COUNTS for row in figures(cases[count])]
    rows += age_figures("the whole with the noise of stations", cases[NOISY_WHOLE])
    rows += fault_figures([_faults(folder, inputs, r) for r in tqdm(records, desc="faults")])
    write_measurements("validate-stations", time.perf_counter() - began, rows, build)
    return rows


def figures(cases: Sequence[Case]) -> list[Measurement]:
    """Return the figures of subjects in so many stations, one row a target."""
    name, data = f"{cases[0].count} stations", Data.SYNTHETIC
    aged = [case for case in cases if case.native.years is not None]
    refused = float(np.mean([case.is_refused for case in aged])) if aged else None
    joined = [case for case in cases if case.joined.stations == case.count]
    other = sum(case.joined.levels != case.native.levels for case in joined)
    levels = float(other) if joined else None
    none = float(len(cases) - len(aged))
    close, far, mean = age_figures(name, cases)
    return [
        replace(close, target=LEAST_CLOSE),
        replace(far, target=FAR_YEARS),
        Measurement(f"{name}: other levels", levels, "cases", data, len(joined), 0, "lower"),
        Measurement(f"{name}: refused", refused, "1", data, len(aged), MOST_REFUSED, "lower"),
        mean,
        Measurement(f"{name}: no spine age of the whole either", none, "cases", data, len(cases)),
    ]


def age_figures(name: str, cases: Sequence[Case]) -> list[Measurement]:
    """Return the share of ages close to those of the wholes, the largest and the mean difference.

    Each is None where no subject has both ages.
    """
    apart = [years for case in cases if (years := case.apart_years) is not None]
    close = float(np.mean([years <= CLOSE_YEARS for years in apart])) if apart else None
    mean = float(np.mean(apart)) if apart else None
    close_name = f"{name}: spine age within {CLOSE_YEARS} years"
    far_name = f"{name}: largest difference of spine age"
    mean_name = f"{name}: mean difference of spine age"
    data, n, far = Data.SYNTHETIC, len(apart), max(apart, default=None)
    return [
        Measurement(close_name, close, "1", data, n),
        Measurement(far_name, far, "years", data, n, better="lower"),
        Measurement(mean_name, mean, "years", data, n, better="lower"),
    ]


def read(volumes: Sequence[Volume], age_years: float, models: Models) -> Outcome:
    """Write volumes as the series of a study, and let the service read it."""
    born = _STUDY_DATE - timedelta(days=round(age_years * 365.25))
    with TemporaryDirectory() as folder:
        write_study(
            [one_series(volume, WHOLE_SPINE_T2) for volume in volumes],
            Path(folder),
            PatientIdentity(birth_date=born),
            StudyIdentity(study_date=_STUDY_DATE),
        )
        selection = pipeline.select(pipeline.load(Path(folder), chain.SETTINGS), chain.SETTINGS)
    segmentation = pipeline.segment(selection, models, chain.SETTINGS)
    age = pipeline.estimate_age(selection, segmentation, models, chain.SETTINGS)
    stations = len(selection.stations)
    refused = "" if stations else "".join(item.code for item in selection.cautions)
    code = age.code if isinstance(age, Refusal) else ""
    years = age.predicted_age_years if isinstance(age, AgeEstimate) else None
    return Outcome(stations, years, _levels(segmentation), refused or code)


def _levels(segmentation: Segmentation | Refusal) -> tuple[str, ...]:
    if isinstance(segmentation, Refusal):
        return ()
    vertebrae = tuple(str(vertebra.level) for vertebra in segmentation.geometry.vertebrae)
    return (*vertebrae, *(str(disc.level) for disc in segmentation.geometry.discs))


def _outcome(folder: Path, inputs: Inputs, record: SubjectRecord, count: int) -> Outcome:
    path = folder / f"{record.subject_id}-{count}.json"
    if not path.exists():
        volume, _ = read_images(inputs.cohort, record)
        volumes = _volumes(volume, count, record.subject_id)
        outcome = read(volumes, record.age_years, chain.models_of(inputs.models))
        _store(path, asdict(outcome))
    content = json.loads(path.read_text())
    return Outcome(**{**content, "levels": tuple(content["levels"])})


def _faults(folder: Path, inputs: Inputs, record: SubjectRecord) -> dict[str, str]:
    path = folder / f"{record.subject_id}-faults.json"
    if not path.exists():
        volume, _ = read_images(inputs.cohort, record)
        stations = stations_of(volume, 2, record.subject_id)
        _store(path, refusals(stations, chain.SETTINGS.selection.stations.joining))
    codes: dict[str, str] = json.loads(path.read_text())
    return codes


def _store(path: Path, content: object) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content) + "\n")
    part.rename(path)


def _volumes(volume: Volume, count: int, subject_id: str) -> tuple[Volume, ...]:
    if count == WHOLE:
        return (volume,)
    if count == NOISY_WHOLE:
        return (received(volume, 1.0, _NOISE, _generator(subject_id, count)),)
    return stations_of(volume, count, subject_id)


def stations_of(volume: Volume, count: int, subject_id: str) -> tuple[Volume, ...]:
    """Cut a subject into stations; the same name gives the same stations."""
    rng = _generator(subject_id, count)
    gains = tuple(rng.uniform(*_GAINS, size=count).tolist())
    plan = StationPlan(count, OVERLAP_MM, _OFFSET_PIXELS, gains, _NOISE, _FALLOFF)
    return cut_stations(volume, plan, rng)


def _generator(subject_id: str, count: int) -> np.random.Generator:
    return np.random.default_rng([crc32(subject_id.encode()), count])


def _fingerprint(models: Path) -> str:
    """Name models, limits and stations, so that outcomes of others are not taken for theirs."""
    settings = chain.SETTINGS
    # Not what is written: nothing is.
    science = settings.loading, settings.selection, settings.segmentation, settings.age
    plan = (OVERLAP_MM, _GAINS, _OFFSET_PIXELS, _NOISE, _FALLOFF, science)
    return f"{chain.fingerprint(models)}-{sha256(repr(plan).encode()).hexdigest()[:8]}"
