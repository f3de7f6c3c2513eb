"""Every sentence about earlier studies: what was said then, and whether it compares with now."""

from spine.anatomy.levels import DiscLevel
from spine.dicom.study import ReadGrade, StatedAge
from spine.findings import AgeEstimate
from spine.reporting.course import Course, EarlierStudy
from spine.reporting.wording_discs import SCALE_NAMES

HEADING = "Gap over time"
NOW = "now"
BARS = "Bars: the model's error at that age."
HOLLOW = "Hollow: another model, not comparable."


def years_before(study: EarlierStudy) -> str:
    """Say how long before this study, without a date."""
    return f"{study.years_before:.1f} y"


def earlier_sentence(study: EarlierStudy) -> str:
    """Say all that an earlier report says, so that nobody takes it for today's."""
    parts = [f"EARLIER STUDY of {study.prior.study_date}, {years_before(study)} before this one."]
    if study.age is not None:
        parts.append(_age_then(study.age, is_same_model=study.is_same_model))
    if study.prior.grades:
        parts.append(f"Grades read then: {_grades(study.prior.grades)}.")
    return " ".join(parts)


def _age_then(age: StatedAge, *, is_same_model: bool) -> str:
    words = (
        f"Spine age then {age.predicted_age_years:.1f} y, gap {age.age_gap_years:+.1f} y "
        f"(actual age {age.chronological_age_years:.1f} y; evidence: {age.evidence}"
    )
    if age.half_width_years is not None:
        words += f"; model's error ±{age.half_width_years:.1f} y"
    same = "by the same models as today" if is_same_model else "by other models, not comparable"
    return f"{words}); {same}: {', '.join(age.models)}."


def _grades(grades: tuple[ReadGrade, ...]) -> str:
    by_level: dict[DiscLevel, list[str]] = {}
    for read in grades:
        by_level.setdefault(read.level, []).append(f"{SCALE_NAMES[read.scale]} {read.grade}")
    return "; ".join(f"{level} {', '.join(words)}" for level, words in by_level.items())


def change_sentence(course: Course, age: AgeEstimate) -> str:
    """Say the last gap that compares with today's; of the change only what the card lets say."""
    if not course.comparable:
        return ""
    last = course.comparable[-1]
    then = last.age.age_gap_years if last.age is not None else 0.0
    words = f"{years_before(last)} before: gap {then:+.1f} y, by the same models."
    limit = age.detectable_change_years
    if limit is None:
        return words
    change = age.age_gap_years - then
    verdict = "not more" if abs(change) <= limit else "more"
    return (
        f"{words} Change {change:+.1f} y, {verdict} than the minimal detectable change "
        f"of {limit:.1f} y."
    )


def detectable_change(limit_years: float) -> str:
    """Name the band of the chart."""
    return f"Shaded: last gap ± minimal detectable change, {limit_years:.1f} y."


def was(grade: int, study: EarlierStudy) -> str:
    """Say the grade that was read before, in 16 characters."""
    return f"was {grade}, {years_before(study)} ago"
