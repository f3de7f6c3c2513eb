"""A study as read: patient, series, instances, and what was selected from it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from spine.errors import Caution, Code, Refusal
from spine.imaging.volume import Volume


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One stored SOP instance.

    Attributes
    ----------
    path : the file
    header : every element but the pixel data, file meta included
    sha256 : of the file's data set bytes, to tell true duplicates from conflicts
    """

    path: Path
    header: Dataset
    sha256: str

    @property
    def sop_instance_uid(self) -> str:
        return str(self.header.SOPInstanceUID)


@dataclass(frozen=True, slots=True, eq=False)
class FramePlane:
    """One frame's place in the world.

    Attributes
    ----------
    frame_number : 1-based; None for a classic single-frame instance
    affine : 4 x 4, (column, row, along the normal) to world mm, RAS+; columns are unit
        steps of one pixel, pixel centers at integers, first pixel (0, 0)
    rows, columns : size
    """

    sop_class_uid: str
    sop_instance_uid: str
    frame_number: int | None
    affine: NDArray[np.float64]
    rows: int
    columns: int


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A series with every instance that was received, in the order of the files."""

    series_instance_uid: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What is known of the patient; never logged.

    Attributes
    ----------
    age_years : at the study; None where unknown or contradictory
    age_refusal : why spine age cannot be compared, if so
    """

    patient_id: str
    issuer: str
    birth_date: date | None
    sex: str
    study_date: date | None
    age_years: float | None
    age_refusal: Refusal | None


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A folder of instances, read once, headers only.

    Attributes
    ----------
    priors : reports of ours found in the folder ``priors``, not part of the study
    cautions : files set aside and why, without patient data
    """

    study_instance_uid: str
    patient: PatientFacts
    series: tuple[Series, ...]
    priors: tuple["Prior", ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Prior:
    """An earlier report of ours about the same patient."""

    sop_instance_uid: str
    study_instance_uid: str


@dataclass(frozen=True, slots=True)
class SeriesDecision:
    """Why a series was taken or refused.

    Attributes
    ----------
    score : higher is better; 0 for a series that is no candidate
    codes : empty for a candidate
    reasons : sentences, one a rule that spoke
    """

    series_instance_uid: str
    score: float
    taken: bool
    codes: tuple[Code, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The series to analyze, decoded, or why there is none.

    Attributes
    ----------
    series : the taken candidate; where every candidate failed to decode, the best of them;
        None where the study holds no candidate
    frames : planes of the taken series along the volume's slice axis
    volume : canonical orientation, native spacing; None if `refusal` is set
    refusal : ``NO_CANDIDATE`` (nothing is sent), or the code of the best candidate's defect
    """

    study: Study
    series: Series | None
    frames: tuple[FramePlane, ...]
    volume: Volume | None
    decisions: tuple[SeriesDecision, ...]
    refusal: Refusal | None
