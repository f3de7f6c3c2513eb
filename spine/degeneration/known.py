"""Baseline grades that a person gave: the site's table first, then earlier reports of ours."""

from dataclasses import dataclass
from pathlib import Path

from spine.degeneration.baseline import Baselines, read_baselines
from spine.degeneration.earlier import baselines_from_priors
from spine.dicom.study import Study
from spine.errors import Caution, Code


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of one study's discs.

    Attributes
    ----------
    cautions : why more is not known
    """

    baselines: Baselines
    cautions: tuple[Caution, ...] = ()


def known_baselines(study: Study, table: Path | None, prior_grade_days: int) -> Known:
    """Gather grades by level and scale; no prior stands in for an invalid row of the table.

    Raises
    ------
    SpineError
        ``SETTINGS_INVALID`` if the table cannot be read.
    """
    priors, are_some_too_old = baselines_from_priors(study, prior_grade_days)
    rows: Baselines = {}
    if table is not None:
        rows = read_baselines(table, study.study_instance_uid, study.patient)
    too_old = Caution(
        Code.BASELINE_TOO_OLD,
        f"Grades in earlier reports were read more than {prior_grade_days} days from this study, "
        "or on an unknown day, and are no grades of its time.",
    )
    return Known({**priors, **rows}, (too_old,) if are_some_too_old else ())
