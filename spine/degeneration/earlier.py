"""Baseline grades from earlier reports of ours: what was read there, and not long ago."""

from datetime import date

from spine.anatomy.grades import BaselineKind, Scale
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import Prior, Study
from spine.findings import Baseline


def baselines_from_priors(
    study: Study, maximum_days: int
) -> tuple[dict[tuple[DiscLevel, Scale], Baseline], bool]:
    """Take the grades of earlier reports, of several that of the study nearest in time.

    Returns
    -------
    The grades, and whether others were left out: what was read more than `maximum_days`
    before or after this study, or nobody knows when, is no grade of its time.
    """
    today = study.patient.study_date
    graded = sorted(
        (prior for prior in study.priors if prior.grades),
        key=lambda prior: (prior.written_at, prior.sop_instance_uid),
        reverse=True,
    )
    near = [prior for prior in graded if _distance(prior, today) <= maximum_days]
    found: dict[tuple[DiscLevel, Scale], Baseline] = {}
    # Stable: of reports on one day the latest written comes first.
    for prior in sorted(near, key=lambda prior: _distance(prior, today)):
        source = f"{BaselineKind.PRIOR}, study of {prior.study_date}"
        for read in prior.grades:
            baseline = Baseline(read.grade, source, BaselineKind.PRIOR)
            found.setdefault((read.level, read.scale), baseline)
    return found, len(near) < len(graded)


def _distance(prior: Prior, today: date | None) -> float:
    if today is None or prior.study_date is None:
        return float("inf")
    return abs((today - prior.study_date).days)
