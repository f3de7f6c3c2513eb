"""Whole studies of synthetic subjects, with every series that a spine examination has."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from pydicom.uid import UID, ExplicitVRLittleEndian

from phantom.dicom_headers import SeriesHeader
from phantom.dicom_patient import PatientIdentity, StudyIdentity
from phantom.protocols import (
    LOCALIZER,
    LUMBAR_AXIAL_T2,
    LUMBAR_STIR,
    LUMBAR_T1,
    LUMBAR_T2,
    WHOLE_SPINE_T2,
    Plane,
    Protocol,
    coarser,
)
from phantom.rendering import Rendering, render
from phantom.subjects import Subject, subject
from phantom.write_study import SeriesToWrite, Stack, WrittenStudy, write_study

_DAYS_PER_YEAR = 365.25

EXAMINATION = (LOCALIZER, LUMBAR_T1, LUMBAR_STIR, LUMBAR_AXIAL_T2, LUMBAR_T2, WHOLE_SPINE_T2)
"""What a PACS routes for one spine examination; only the last two can be analyzed."""


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What is examined and how it is stored.

    Attributes
    ----------
    age_years, sex : of the subject; drawn from its seed if absent
    followup_years : time since the subject's first study; the study date is as much later
    protocols : in the order of the series; `LOCALIZER` becomes one series of three planes
    pixel_spacing_mm : render coarser than the protocols, for speed
    sub_slices : 3 for partial volume along the slices, 1 for speed
    """

    age_years: float | None = None
    sex: str | None = None
    followup_years: float = 0.0
    protocols: tuple[Protocol, ...] = EXAMINATION
    pixel_spacing_mm: float | None = None
    sub_slices: int = 3
    enhanced: bool = False
    transfer_syntax: UID = ExplicitVRLittleEndian


@dataclass(frozen=True, slots=True, eq=False)
class PhantomStudy:
    """A study on disk and what is true of it.

    Attributes
    ----------
    renderings : one a series, in the order of `written`; of a localizer its last plane
    """

    subject: Subject
    patient: PatientIdentity
    written: WrittenStudy
    renderings: tuple[Rendering, ...]


def write_phantom_study(
    folder: Path,
    seed: int,
    plan: StudyPlan | None = None,
    patient: PatientIdentity | None = None,
) -> PhantomStudy:
    """Draw a subject, image it and write the study as files into a folder.

    Parameters
    ----------
    seed : of subject, images and UIDs
    patient : as to be written; by default named after the seed, born to be as old as the subject
    """
    plan = plan or StudyPlan()
    person = subject(seed, age_years=plan.age_years, sex=plan.sex).later(plan.followup_years)
    first, study = StudyIdentity(), _study_identity(seed, plan)
    patient = patient or _patient(person, first.study_date)
    images = [_image(person, protocol, plan, number) for number, protocol in _numbered(plan)]
    written = write_study([series for series, _ in images], folder, patient, study)
    return PhantomStudy(person, patient, written, tuple(rendering for _, rendering in images))


def _study_identity(seed: int, plan: StudyPlan) -> StudyIdentity:
    first = StudyIdentity(seed=seed, accession_number=f"PH{seed}-{plan.followup_years:g}")
    later = timedelta(days=round(plan.followup_years * _DAYS_PER_YEAR))
    return replace(first, study_date=first.study_date + later)


def _patient(person: Subject, first_study_date: date) -> PatientIdentity:
    first_age = person.age_years - person.followup_years
    birth = first_study_date - timedelta(days=round(first_age * _DAYS_PER_YEAR))
    return PatientIdentity(
        name=f"Phantom^Subject {person.seed}",
        patient_id=f"PHANTOM-{person.seed}",
        birth_date=birth,
        sex=person.sex,
    )


def _numbered(plan: StudyPlan) -> Iterator[tuple[int, Protocol]]:
    for number, protocol in enumerate(plan.protocols):
        spacing = plan.pixel_spacing_mm
        is_coarser = spacing is not None and spacing > protocol.pixel_spacing_mm
        yield number, coarser(protocol, spacing) if is_coarser and spacing else protocol


def _image(
    person: Subject, protocol: Protocol, plan: StudyPlan, number: int
) -> tuple[SeriesToWrite, Rendering]:
    """Render a series; its randomness depends on seed, time and number, not on other series."""
    rng = np.random.default_rng([person.seed, round(person.followup_years * 365), number])
    planes = tuple(Plane) if protocol.name == LOCALIZER.name else (protocol.plane,)
    renderings = [
        render(person, replace(protocol, plane=plane), rng, sub_slices=plan.sub_slices)
        for plane in planes
    ]
    stacks = tuple(
        Stack(rendering.volume, plane) for rendering, plane in zip(renderings, planes, strict=True)
    )
    series = SeriesToWrite(stacks, protocol, SeriesHeader(), plan.transfer_syntax, plan.enhanced)
    return series, renderings[-1]
