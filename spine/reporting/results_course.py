"""Earlier studies in results.json: how long ago, no dates."""

from spine.dicom.study import ReadGrade, StatedAge
from spine.errors import Refusal
from spine.findings import Findings
from spine.reporting.course import EarlierStudy, course
from spine.reporting.measures import Json, quantity
from spine.reporting.reasons import caution_content


def course_content(findings: Findings) -> Json:
    """Turn the course over time into the schema's; the oldest study first."""
    age = findings.age
    limit = None if isinstance(age, Refusal) else age.detectable_change_years
    over_time = course(findings)
    return {
        "studies": [_study(study) for study in over_time.studies],
        "cautions": [caution_content(caution) for caution in over_time.cautions],
        "detectable_change": quantity(limit, "years"),
    }


def _study(study: EarlierStudy) -> Json:
    return {
        "study_instance_uid": study.prior.study_instance_uid,
        "report": study.prior.sop_instance_uid,
        "days_before": study.days_before,
        "age": None if study.age is None else _age(study.age, is_same_model=study.is_same_model),
        "grades": [_grade(read) for read in study.prior.grades],
    }


def _age(age: StatedAge, *, is_same_model: bool) -> Json:
    return {
        "predicted_age": quantity(age.predicted_age_years, "years"),
        "chronological_age": quantity(age.chronological_age_years, "years"),
        "age_gap": quantity(age.age_gap_years, "years"),
        "half_width": quantity(age.half_width_years, "years"),
        "models": list(age.models),
        "same_models": is_same_model,
        "evidence": age.evidence,
    }


def _grade(read: ReadGrade) -> Json:
    return {"level": str(read.level), "scale": str(read.scale), "grade": read.grade}
