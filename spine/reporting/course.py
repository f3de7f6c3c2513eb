"""What earlier reports say beside this one: only what can be compared, by the date of the study.

A spine age is a model's estimate and is compared with one by the same models; a grade is one
that a person read (docs/adr/0103-course-over-time.md).
"""

from collections import Counter
from dataclasses import dataclass

from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import Prior, StatedAge, Study
from spine.errors import Caution, Code, Refusal
from spine.findings import AgeEstimate, Evidence, Findings, Segmentation

_DAYS_PER_YEAR = 365.25
# An age may be given in whole years.
_AGE_TOLERANCE_YEARS = 1.0

_NOT_EARLIER = "of a study that is not known to be earlier"
_WEAKER = "whose spine age has weaker evidence than this one"
_OTHER_AGE = "whose patient was of another age at the time"


@dataclass(frozen=True, slots=True)
class EarlierStudy:
    """What one earlier report says.

    Attributes
    ----------
    days_before : this study, at least 1
    age : None where the report states none that may be shown
    is_same_model : whether its age passed through the models of today's, so that both compare
    """

    prior: Prior
    days_before: int
    age: StatedAge | None
    is_same_model: bool

    @property
    def years_before(self) -> float:
        return self.days_before / _DAYS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Course:
    """Earlier studies, the oldest first, and what was left out and why."""

    studies: tuple[EarlierStudy, ...] = ()
    cautions: tuple[Caution, ...] = ()

    @property
    def aged(self) -> tuple[EarlierStudy, ...]:
        """Those whose spine age may be shown."""
        return tuple(study for study in self.studies if study.age is not None)

    @property
    def comparable(self) -> tuple[EarlierStudy, ...]:
        """Those whose spine age compares with today's."""
        return tuple(study for study in self.aged if study.is_same_model)

    def last_read(self, level: DiscLevel, scale: Scale) -> tuple[int, EarlierStudy] | None:
        """Return the grade that was read latest, and when; None where none was."""
        for study in reversed(self.studies):
            for read in study.prior.grades:
                if (read.level, read.scale) == (level, scale):
                    return read.grade, study
        return None


def course(findings: Findings) -> Course:
    """Order what the priors of a study say.

    Of several reports on one study the latest written counts. A report on this very study is
    its predecessor; one on a study that is not earlier, or nobody knows when, is left out. So is
    a spine age of weaker evidence than today's, which a site may no longer want to see, and one
    of somebody who was not as old at the time.
    """
    others = _latest_by_study(findings.selection.study)
    earlier = []
    left_out: Counter[str] = Counter()
    for prior in others:
        days = _days_before(prior, findings.selection.study)
        if days is None:
            left_out[_NOT_EARLIER] += 1
            continue
        age, objection = _shown_age(prior.age, days, findings.age)
        if objection is not None:
            left_out[objection] += 1
        is_same_model = age is not None and age.models == models_of_age(findings)
        if age is not None or prior.grades:
            earlier.append(EarlierStudy(prior, days, age, is_same_model))
    earlier.sort(key=lambda item: (-item.days_before, item.prior.study_instance_uid))
    return Course(tuple(earlier), tuple(map(_caution, left_out, left_out.values())))


def _latest_by_study(study: Study) -> list[Prior]:
    latest: dict[str, Prior] = {}
    for prior in sorted(study.priors, key=lambda item: (item.written_at, item.sop_instance_uid)):
        if prior.study_instance_uid != study.study_instance_uid:
            latest[prior.study_instance_uid] = prior
    return list(latest.values())


def _days_before(prior: Prior, study: Study) -> int | None:
    """Return by how many days a prior's study is earlier; None where it is not known to be."""
    today = study.patient.study_date
    if today is None or prior.study_date is None or prior.study_date >= today:
        return None
    return (today - prior.study_date).days


def _shown_age(
    age: StatedAge | None, days_before: int, today: AgeEstimate | Refusal
) -> tuple[StatedAge | None, str | None]:
    """Return an earlier age that may stand beside today's, and else what is wrong with it.

    Where there is none today, none is shown.
    """
    if age is None or not isinstance(today, AgeEstimate):
        return None, None
    then = today.chronological_age_years - days_before / _DAYS_PER_YEAR
    if abs(age.chronological_age_years - then) > _AGE_TOLERANCE_YEARS:
        return None, _OTHER_AGE
    if age.evidence not in set(Evidence) or Evidence(age.evidence).rank < today.evidence.rank:
        return None, _WEAKER
    return age, None


def models_of_age(findings: Findings) -> tuple[str, ...]:
    """Return name and version of what today's spine age passed through, as reports state it."""
    if not isinstance(findings.age, AgeEstimate):
        return ()
    models = [findings.age.model]
    if isinstance(findings.segmentation, Segmentation):
        models.append(findings.segmentation.model)
    return tuple(f"{model.name} {model.version}" for model in models)


def _caution(why: str, count: int) -> Caution:
    reports = "1 report" if count == 1 else f"{count} reports"
    return Caution(Code.PRIOR_LEFT_OUT, f"{reports} {why}: left out of the course over time")
