"""The network's error beside the smallest possible one, and beside that of reports alone."""

import math
from collections.abc import Sequence

import numpy as np

from phantom.subjects import Subject
from research.measurements import Data, Measurement
from research.training.metrics import mean_absolute_error
from research.validation.age.oracle import oracle_age
from research.validation.age.predictions import Prediction
from research.worlds.age import Part, scans

# The targets: times the oracle's mean absolute error.
MOST_OF_ORACLE = {Part.TEST: 1.25, Part.OTHER_SCANNERS: 1.5, Part.OTHER_DISEASES: None}


class WorldError(ValueError):
    """A table that names scans which the world does not hold."""


def subject_of(item: Prediction) -> Subject:
    """Draw the subject behind a scan anew, from the seed in its name.

    Raises
    ------
    WorldError
        If the world has no such scan, or one of another age or sex.
    """
    seed = item.person_id.removeprefix("s")
    drawn = scans(item.part, int(seed)) if seed.isdecimal() else iter(())
    for scan in drawn:
        person = scan.subject
        if scan.name == item.subject_id:
            if person.sex != item.sex or not math.isclose(
                person.age_years, item.age_years, abs_tol=1e-3
            ):
                raise WorldError(f"{item.subject_id}: the world draws another age or sex")
            return person
    raise WorldError(f"{item.subject_id}: the world has no such scan in {item.part.value}")


def beside_oracle(predictions: Sequence[Prediction], data: Data) -> list[Measurement]:
    """Return the uncorrected MAE of network and oracle on each test part, and their ratio.

    Both are uncorrected: the posterior mean shrinks towards the mean age as networks do.
    """
    rows = []
    for part, most in MOST_OF_ORACLE.items():
        inside = [item for item in predictions if item.part is part]
        network, oracle = _errors(inside)
        ratio = network / oracle if network is not None and oracle else None
        count = len(inside)
        rows += [
            Measurement(f"{part.value}: MAE of the network", network, "years", data, count),
            Measurement(f"{part.value}: MAE of the oracle", oracle, "years", data, count),
            Measurement(
                f"{part.value}: MAE, network over oracle", ratio, "1", data, count, most, "lower"
            ),
        ]
    return rows


def _errors(inside: Sequence[Prediction]) -> tuple[float | None, float | None]:
    if not inside:
        return None, None
    truth = np.array([item.age_years for item in inside])
    said = np.array([item.predicted_years for item in inside])
    best = np.array([oracle_age(subject_of(item)) for item in inside])
    return mean_absolute_error(truth, said), mean_absolute_error(truth, best)
