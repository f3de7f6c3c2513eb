"""Who gets an age that should not, and who gets none that should: the service's chain on kinds."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from phantom.dicom_patient import PatientIdentity, StudyIdentity
from phantom.rendering import render
from phantom.write_study import one_series, write_study
from research.cohort import IMAGE_FILE, LABELS_FILE, TRUTH_FILE
from research.validation.age import chain
from research.validation.age.outcomes import Outcome, append_outcomes, read_outcomes
from research.worlds.age import Part, Scan, scans, seeds
from research.worlds.age_kinds import (
    DISEASES,
    PATIENT_YEARS,
    Kind,
    Rendered,
    disease_of,
    image_of,
    t1_weighted,
)
from spine.errors import Refusal
from spine.findings import AgeEstimate, Segmentation
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.imaging.volume import Volume
from spine.inference.models import Models

# Refused by their header or their number of slices: only a written study shows that.
_AS_STUDIES = (Kind.T1_WEIGHTED, Kind.FEW_SLICES)
# One segmentation serves them all: the service looks at the age only behind it.
_OF_PLAIN_IMAGE = (Kind.PLAIN, *PATIENT_YEARS)
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class KindsPlan:
    """What to run.

    Attributes
    ----------
    models : folder of all models
    outcomes : the table, appended case by case; what stands in it is not run again
    cohort : where the parts may lie rendered already; None to render all anew
    cases : of each kind; of the diseased part so many subjects
    """

    models: Path
    outcomes: Path
    cohort: Path | None
    cases: int
    workers: int = 1


def run_kinds(plan: KindsPlan) -> tuple[Outcome, ...]:
    """Run what is missing of every kind, subject by subject, and return all outcomes."""
    known = read_outcomes(plan.outcomes)
    done = {(one.kind, one.case) for one in known}
    asked = [item for item in _planned(plan.cases) if _missing(*item, done)]
    with ProcessPoolExecutor(plan.workers, mp_context=get_context("spawn")) as pool:
        found = pool.map(partial(_run_subject, plan, done), asked)
        for outcomes in tqdm(found, total=len(asked), desc="kinds", mininterval=5):
            append_outcomes(plan.outcomes, outcomes)
    return read_outcomes(plan.outcomes)


def judge(kind: Kind, rendered: Rendered, scan: Scan, models: Models) -> Outcome:
    """Make the image of a kind, and run the chain on it from its first step."""
    begin = time.monotonic()
    age = PATIENT_YEARS.get(kind, scan.subject.age_years)
    if kind in _AS_STUDIES:
        return _outcome(kind, scan, _as_study(kind, rendered, scan, models), None, begin)
    image = image_of(kind, rendered, _rng(kind, scan))
    if kind is Kind.EMPTY_MASK:
        found = chain.without_mask(image, scan.subject.age_years, models)
    else:
        found = chain.segment(image, scan.subject.age_years, models)
    return _outcome(kind, scan, chain.estimate(found, age, models), found, begin)


def _planned(cases: int) -> list[tuple[Part, int]]:
    return [
        (part, seed) for part in (Part.TEST, Part.OTHER_DISEASES) for seed in seeds(part, cases)
    ]


def _missing(part: Part, seed: int, done: set[tuple[Kind, str]]) -> tuple[Kind, ...]:
    scan = next(scans(part, seed))
    if part is Part.OTHER_DISEASES:
        wanted: Sequence[Kind] = (disease_of(scan.subject),)
    else:
        wanted = [kind for kind in Kind if kind not in DISEASES]
    return tuple(kind for kind in wanted if (kind, scan.name) not in done)


def _run_subject(
    plan: KindsPlan, done: set[tuple[Kind, str]], item: tuple[Part, int]
) -> list[Outcome]:
    part, seed = item
    scan, models = next(scans(part, seed)), chain.models_of(plan.models)
    rendered = rendered_scan(scan, None if plan.cohort is None else plan.cohort / part.value)
    return list(_outcomes(_missing(part, seed, done), rendered, scan, models))


def _outcomes(
    kinds: Sequence[Kind], rendered: Rendered, scan: Scan, models: Models
) -> Iterator[Outcome]:
    """Judge kinds; the plain image is segmented once."""
    plain = [kind for kind in kinds if kind in _OF_PLAIN_IMAGE]
    if plain:
        begin, years = time.monotonic(), scan.subject.age_years
        found = chain.segment(rendered.volume, years, models)
        for kind in plain:
            said = chain.estimate(found, PATIENT_YEARS.get(kind, years), models)
            yield _outcome(kind, scan, said, found, begin)
    for kind in kinds:
        if kind not in _OF_PLAIN_IMAGE:
            yield judge(kind, rendered, scan, models)


def rendered_scan(scan: Scan, folder: Path | None) -> Rendered:
    """Read a scan if it lies rendered in a folder, else render it as the cohort would be."""
    if folder is not None and (folder / scan.name / TRUTH_FILE).exists():
        image = canonical(nifti.read_volume(folder / scan.name / IMAGE_FILE))
        labels = canonical(nifti.read_labels(folder / scan.name / LABELS_FILE))
        return Rendered(scan.subject, scan.protocol, image, labels)
    made = render(scan.subject, scan.protocol, np.random.default_rng(scan.noise_seed))
    image = Volume(np.rint(made.volume.data), made.volume.affine)
    return Rendered(scan.subject, scan.protocol, image, made.labels)


def _as_study(kind: Kind, rendered: Rendered, scan: Scan, models: Models) -> AgeEstimate | Refusal:
    """Write the image as DICOM and read it back as the service does."""
    protocol = scan.protocol if kind is Kind.FEW_SLICES else t1_weighted(scan.protocol)
    volume = image_of(kind, rendered, _rng(kind, scan))
    study = StudyIdentity(seed=scan.subject.seed)
    born = study.study_date - timedelta(days=round(scan.subject.age_years * _DAYS_PER_YEAR))
    patient = PatientIdentity(birth_date=born, sex=scan.subject.sex)
    with tempfile.TemporaryDirectory() as folder:
        write_study([one_series(volume, protocol)], Path(folder), patient, study)
        return chain.read_study(Path(folder), models)


def _outcome(
    kind: Kind,
    scan: Scan,
    said: AgeEstimate | Refusal,
    found: Segmentation | Refusal | None,
    begin: float,
) -> Outcome:
    vertebrae = found.quality.vertebra_count if isinstance(found, Segmentation) else None
    return Outcome(
        kind,
        scan.name,
        said.code.value if isinstance(said, Refusal) else "",
        None if isinstance(said, Refusal) else said.uncorrected_age_years,
        vertebrae,
        round(time.monotonic() - begin, 2),
    )


def _rng(kind: Kind, scan: Scan) -> np.random.Generator:
    return np.random.default_rng([scan.subject.seed, 21, list(Kind).index(kind)])
