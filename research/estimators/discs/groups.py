"""Groups of discs in which every figure is shown by itself."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.columns import NOT_GIVEN
from research.estimators.discs.predictions import Predictions
from spine.anatomy.levels import DiscLevel

Flags = NDArray[np.bool_]
Groups = list[tuple[str, Flags]]
"""Names and members; a group without discs is left out."""

# P2, Table 1; who is just 40, 50 or of BMI 18.5 is in the older or heavier group, who is of
# BMI 25 in the middle.
AGES = ("18 to 40", "40 to 50", "over 50")
_AGE_EDGES = (40.0, 50.0)
BMIS = ("under 18.5", "18.5 to 25.0", "over 25.0")
_BMI_EDGES = (18.5, np.nextafter(25.0, 26.0))


def groups(predictions: Predictions) -> dict[str, Groups]:
    """Return the discs by level, baseline grade, sex, age, BMI, institution and risk."""
    grade = [str(value) for value in predictions.grades]
    order = [level.value for level in DiscLevel]
    levels = sorted(set(predictions.level.tolist()), key=order.index)
    return {
        "level": _of_values(predictions.level, levels),
        "baseline grade": _of_values(predictions.baseline.astype(str), grade),
        "sex": _of_values(predictions.sex, sorted(set(predictions.sex.tolist()))),
        "age": by_age(predictions.age_years),
        "BMI": by_bmi(predictions.bmi),
        "institution": _of_values(
            predictions.institution, sorted(set(predictions.institution.tolist()))
        ),
        "risk": _kept([("below the highest grade", predictions.at_risk)]),
    }


def by_age(age_years: NDArray[np.floating]) -> Groups:
    """Return P2's three groups of age."""
    place = np.digitize(age_years, _AGE_EDGES)
    return _kept([(name, place == number) for number, name in enumerate(AGES)])


def by_bmi(bmi: NDArray[np.floating]) -> Groups:
    """Return P2's three groups of BMI, and who has none."""
    absent = np.isnan(bmi)
    place = np.digitize(bmi, _BMI_EDGES)
    named = [(name, (place == number) & ~absent) for number, name in enumerate(BMIS)]
    return _kept([*named, (NOT_GIVEN, absent)])


def _of_values(values: NDArray[np.str_], names: Sequence[str]) -> Groups:
    return _kept([(name, np.asarray(values == name)) for name in names])


def _kept(found: Groups) -> Groups:
    return [(name, members) for name, members in found if members.any()]
