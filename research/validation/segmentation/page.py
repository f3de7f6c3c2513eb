"""The figures as a page to read: targets first, then every patient."""

from collections.abc import Sequence

from scipy.stats import binomtest

from research.measurements import Measurement
from research.validation.segmentation.patients import PatientResult
from research.validation.segmentation.scores import REAL_CLASSES

_CONFIDENCE = 0.95
_MEASURES = "| figure | value | data | n | target | met |\n| --- | --- | --- | --- | --- | --- |"
_PATIENTS = (
    "| patient | Dice "
    + " | Dice ".join(REAL_CLASSES)
    + " | distance mm "
    + " | distance mm ".join(REAL_CLASSES)
    + " | levels right | certain | withheld | sacrum cut off |"
)


def page(results: Sequence[Measurement], patients: Sequence[PatientResult]) -> str:
    """Write both tables in Markdown.

    Parameters
    ----------
    patients : out of fold; without them their table is left out
    """
    lines = [_MEASURES, *(_measure(row) for row in results)]
    if patients:
        columns = _PATIENTS.count("|") - 1
        lines += ["", _levels(patients), "", _PATIENTS, "|" + " --- |" * columns]
        lines += [_patient(one) for one in patients]
    return "\n".join(lines) + "\n"


def _measure(row: Measurement) -> str:
    value = "–" if row.value is None else f"{row.value:.4g} {row.unit.replace('1', '')}".strip()
    sign = "≥" if row.better == "higher" else "≤"
    target = "" if row.target is None else f"{sign} {row.target:g}"
    met = {None: "", True: "yes", False: "**no**"}[row.met]
    return f"| {row.name} | {value} | {row.data} | {row.n} | {target} | {met} |"


def _levels(patients: Sequence[PatientResult]) -> str:
    """Say how many patients have every level right, and how few it could be in truth.

    A refused study has none right, whatever its masks are called.
    """
    right = sum(
        one.score.wrong_levels == 0 and one.score.levels_certain and not one.score.refused
        for one in patients
    )
    found = binomtest(right, len(patients), alternative="greater")
    least = found.proportion_ci(_CONFIDENCE, method="exact").low
    return (
        f"Every level right and certain in {right} of {len(patients)} patients; "
        f"lower bound {least:.0%} ({_CONFIDENCE:.0%}, exact, one-sided)."
    )


def _patient(one: PatientResult) -> str:
    score = one.score
    figures = [f"{score.dice[name]:.3f}" for name in REAL_CLASSES]
    figures += [f"{score.distance_mm[name]:.2f}" for name in REAL_CLASSES]
    withheld = "study" if score.refused else f"{score.withheld_discs} discs"
    cells = [
        score.case.rpartition("-")[2],
        *figures,
        f"{score.discs - score.wrong_levels} of {score.discs}",
        "yes" if score.levels_certain else "no",
        withheld if score.refused or score.withheld_discs else "",
        "certain" if one.truncated.levels_certain else "uncertain",
    ]
    return f"| {' | '.join(cells)} |"
