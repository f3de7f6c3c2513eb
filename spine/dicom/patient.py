"""What the headers say about the patient: one person, and how old at the study."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from pydicom import Dataset

from spine.dicom.elements import text_of
from spine.dicom.study import PatientFacts
from spine.errors import Code, InputError, Refusal

_DAYS_PER_YEAR = 365.25
_OLDEST_YEARS = 130

# Age String, in units per year (PS3.5 table 6.2-1).
_AGE = re.compile(r"(\d{3})([DWMY])")
_UNITS_PER_YEAR = {"D": _DAYS_PER_YEAR, "W": _DAYS_PER_YEAR / 7, "M": 12.0, "Y": 1.0}

# The day of the study, in the order in which these elements are believed.
_STUDY_DATES = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")


def require_one_patient(headers: Iterable[Dataset]) -> None:
    """Raise InputError ``TWO_PATIENTS`` unless all headers may speak of one person.

    Patient ID and issuer decide wherever they are given. A name is compared only for
    headers without a Patient ID: spellings differ within one study more often than
    studies are mixed without their IDs telling.
    """
    headers = list(headers)
    identified = [header for header in headers if text_of(header, "PatientID")]
    anonymous = [header for header in headers if not text_of(header, "PatientID")]
    ids = {text_of(header, "PatientID") for header in identified}
    issuers = {text_of(header, "IssuerOfPatientID") for header in headers} - {""}
    names = {text_of(header, "PatientName") for header in headers} - {""}
    if len(ids) > 1 or len(issuers) > 1 or (anonymous and len(names) > 1):
        raise InputError(Code.TWO_PATIENTS, "the input holds more than one patient")


def patient_facts(headers: Sequence[Dataset]) -> PatientFacts:
    """Gather what one patient's headers say; what they leave open stays empty."""
    births = {day for header in headers if (day := _day(text_of(header, "PatientBirthDate")))}
    study_date = _study_date(headers)
    stated = sorted({text_of(header, "PatientAge") for header in headers} - {""})
    age = _age(births, study_date, stated)
    return PatientFacts(
        patient_id=_first(headers, "PatientID"),
        issuer=_first(headers, "IssuerOfPatientID"),
        birth_date=births.pop() if len(births) == 1 else None,
        sex=_first(headers, "PatientSex"),
        study_date=study_date,
        age_years=None if isinstance(age, Refusal) else age,
        age_refusal=age if isinstance(age, Refusal) else None,
    )


def _age(births: set[date], study_date: date | None, stated: list[str]) -> float | Refusal:
    """Study date minus birth date; Patient's Age where there is no birth date."""
    if len(births) > 1:
        return _inconsistent("the headers give more than one birth date")
    ages = [parsed for text in stated if (parsed := _age_from_string(text)) is not None]
    birth = next(iter(births), None)
    if birth is None or study_date is None:
        return _stated_age([years for years, _ in ages])
    age = (study_date - birth).days / _DAYS_PER_YEAR
    if not 0 <= age <= _OLDEST_YEARS:
        return _inconsistent("birth date and study date give an impossible age")
    completed = _completed_years(birth, study_date)
    for years, unit in ages:
        # Years are counted as birthdays: a patient of 45.9 years is stated as 45.
        if abs((completed if unit == "Y" else age) - years) > 1:
            return _inconsistent("the stated age contradicts the birth date by more than a year")
    return age


def _stated_age(ages: list[float]) -> float | Refusal:
    if not ages:
        return Refusal(
            Code.AGE_UNKNOWN, "the study gives neither an age nor the dates to compute it", "age"
        )
    if max(ages) - min(ages) > 1:
        return _inconsistent("the headers give ages that differ by more than a year")
    return min(ages)


def _inconsistent(reason: str) -> Refusal:
    return Refusal(Code.AGE_INCONSISTENT, f"{reason}: perhaps the wrong patient", "age")


def _age_from_string(text: str) -> tuple[float, str] | None:
    match = _AGE.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) / _UNITS_PER_YEAR[match[2]], match[2]


def _completed_years(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _study_date(headers: Sequence[Dataset]) -> date | None:
    for keyword in _STUDY_DATES:
        days = [day for header in headers if (day := _day(text_of(header, keyword))) is not None]
        if days:
            return min(days)
    return None


def day_of(header: Dataset, keyword: str) -> date | None:
    """Return a header's date; None where it gives none."""
    return _day(text_of(header, keyword))


def _day(text: str) -> date | None:
    """Read a DA value, also as ACR-NEMA wrote it, with periods; None if it is no date."""
    try:
        return date.fromisoformat(text.replace(".", ""))
    except ValueError:
        return None


def _first(headers: Sequence[Dataset], keyword: str) -> str:
    return next((text for header in headers if (text := text_of(header, keyword))), "")
