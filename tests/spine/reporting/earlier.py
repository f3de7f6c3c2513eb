"""Made-up reports about earlier studies of the phantom, whose study is of 2025-03-14."""

from dataclasses import replace
from datetime import date

from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import Prior, ReadGrade, StatedAge

TODAY = date(2025, 3, 14)
AGE_TODAY = 54.8
SAME = ("age-dcnn 0.1.0", "spine-segmentation 0.1.0")
OTHER = ("age-dcnn 0.0.9", "spine-segmentation 0.1.0")
L4_L5_WAS_2 = ReadGrade(DiscLevel.L4_L5, Scale.PFIRRMANN, 2)
L4_L5_WAS_1 = ReadGrade(DiscLevel.L4_L5, Scale.PFIRRMANN, 1)


def stated(gap: float, models: tuple[str, ...] = SAME, evidence: str = "synthetic") -> StatedAge:
    """A spine age of somebody of 50 years."""
    return StatedAge(50.0 + gap, 50.0, gap, models, evidence, 8.4)


def prior(number: int, day: date | None, age: StatedAge | None = None, *grades: ReadGrade) -> Prior:
    """A report on a study of its own, when the patient was as old as on that day."""
    study = f"1.2.826.0.1.3680043.10.9.{number}"
    if age is not None and day is not None:
        years = AGE_TODAY - (TODAY - day).days / 365.25
        predicted = years + age.age_gap_years
        age = replace(age, chronological_age_years=years, predicted_age_years=predicted)
    return Prior(f"{study}.9", study, day, "20200101000000", grades, f"{study}.8", age)


def earlier_reports() -> tuple[Prior, ...]:
    """Not in the order of their studies."""
    return (
        prior(3, date(2023, 3, 15), stated(5.0)),
        prior(1, date(2017, 3, 14), stated(1.5, OTHER), L4_L5_WAS_1),
        prior(2, date(2021, 3, 14), stated(3.1), L4_L5_WAS_2),
    )
