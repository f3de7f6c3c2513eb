"""A study as read: patient, series, instances, and what was selected from it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
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

    @property
    def identity(self) -> tuple[str, str, date, str] | None:
        """ID, issuer, birth date and sex, by which two studies are of one patient.

        None where one of them is not known: then nobody can tell (docs/adr/0096).
        """
        if not (self.patient_id and self.issuer and self.birth_date and self.sex):
            return None
        return self.patient_id, self.issuer, self.birth_date, self.sex


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
class ReadGrade:
    """A disc's grade as a person gave it at the time of a report's study."""

    level: DiscLevel
    scale: Scale
    grade: int


@dataclass(frozen=True, slots=True)
class StatedAge:
    """A spine age as an earlier report states it: a model's estimate, never a reading.

    Attributes
    ----------
    half_width_years : of the ages that the model's error explained; None where none was known
    models : name and version of every model that it passed through, that of the age first
    evidence : the word that the report gives
    """

    predicted_age_years: float
    chronological_age_years: float
    age_gap_years: float
    models: tuple[str, ...]
    evidence: str
    half_width_years: float | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """An earlier report of ours about the same patient.

    Attributes
    ----------
    study_date : of the study that it reports on; None where it gives none
    written_at : content date and time, ``YYYYMMDDHHMMSS``, which sort in time
    grades : that were read; none that a model predicted
    age : None where the report gives none, or none that makes sense
    """

    sop_instance_uid: str
    study_instance_uid: str
    study_date: date | None = None
    written_at: str = ""
    grades: tuple[ReadGrade, ...] = ()
    series_instance_uid: str = ""
    age: StatedAge | None = None


@dataclass(frozen=True, slots=True)
class SeriesDecision:
    """Why a series was taken or refused.

    Attributes
    ----------
    score : higher is better; 0 for a series that is no candidate
    codes : empty for a candidate, but of a station why it was not joined
    reasons : sentences, one a rule that spoke
    """

    series_instance_uid: str
    score: float
    taken: bool
    codes: tuple[Code, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A stack that was joined with others into one volume (docs/adr/0102).

    Attributes
    ----------
    frames : along its own slice axis
    """

    series: Series
    frames: tuple[FramePlane, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The series to analyze, decoded, or why there is none.

    Attributes
    ----------
    series : the taken candidate; where every candidate failed to decode, the best of them;
        None where the study holds no candidate; of a joined volume that of the lowest station
    frames : planes of the taken series along the volume's slice axis; of a joined volume
        those of each station in turn
    volume : canonical orientation, native spacing; None if `refusal` is set
    refusal : ``NO_CANDIDATE`` (nothing is sent), or the code of the best candidate's defect
    stations : that the volume was joined from, head to foot; empty where it is one stack
    cautions : what the reader should know about the choice
    """

    study: Study
    series: Series | None
    frames: tuple[FramePlane, ...]
    volume: Volume | None
    decisions: tuple[SeriesDecision, ...]
    refusal: Refusal | None
    stations: tuple[Station, ...] = ()
    cautions: tuple[Caution, ...] = ()

    @property
    def sources(self) -> tuple[Series, ...]:
        """Every series that the volume comes from, each once; none where nothing was taken."""
        alone = () if self.series is None else (self.series,)
        taken = tuple(station.series for station in self.stations) or alone
        return tuple({series.series_instance_uid: series for series in taken}.values())

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Every instance of these series."""
        return tuple(item for series in self.sources for item in series.instances)
