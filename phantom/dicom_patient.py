"""Who a written study is about, and the study it belongs to."""

import uuid
from dataclasses import dataclass
from datetime import date

from pydicom import Dataset
from pydicom.uid import UID

_NAMESPACE = uuid.UUID("6f0c8c3e-6f0b-5d0e-9a0a-2f2f8f3d9b11")


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """The patient's elements, written as given.

    Attributes
    ----------
    name : PN, components separated by ``^``, representations by ``=``
    birth_date : None leaves the element empty
    age : AS such as ``"045Y"``; None leaves the element out
    character_set : Specific Character Set (PS3.3 C.12.1.1.2); its first value may be empty
    """

    name: str = "Phantom^Spine"
    patient_id: str = "PHANTOM-1"
    issuer: str = ""
    birth_date: date | None = date(1970, 5, 17)
    age: str | None = None
    sex: str = "O"
    character_set: tuple[str, ...] = ("ISO_IR 100",)


@dataclass(frozen=True, slots=True)
class StudyIdentity:
    """The study's elements; `seed` decides every UID in it.

    Attributes
    ----------
    seed : the same seed and content give the same UIDs and bytes
    """

    seed: int = 0
    study_date: date = date(2025, 3, 14)
    accession_number: str = "ACC-1"
    description: str = "MR spine"

    def uid(self, *name: object) -> UID:
        """Return the UID of a named part of this study: ``2.25.`` and a version 5 UUID."""
        key = "/".join(str(part) for part in (self.seed, self.accession_number, *name))
        return UID(f"2.25.{uuid.uuid5(_NAMESPACE, key).int}")


def identity_dataset(patient: PatientIdentity, study: StudyIdentity) -> Dataset:
    """Return the Patient, General Study and Patient Study modules (PS3.3 C.7.1.1, C.7.2)."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = list(patient.character_set)
    dataset.PatientName = patient.name
    dataset.PatientID = patient.patient_id
    if patient.issuer:
        dataset.IssuerOfPatientID = patient.issuer
    dataset.PatientBirthDate = _da(patient.birth_date)
    dataset.PatientSex = patient.sex
    if patient.age is not None:
        dataset.PatientAge = patient.age
    dataset.StudyInstanceUID = study.uid("study")
    dataset.StudyDate = _da(study.study_date)
    dataset.StudyTime = "091500"
    dataset.AccessionNumber = study.accession_number
    dataset.StudyDescription = study.description
    dataset.StudyID = "1"
    dataset.ReferringPhysicianName = ""
    return dataset


def _da(day: date | None) -> str:
    return "" if day is None else f"{day:%Y%m%d}"
