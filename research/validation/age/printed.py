"""What P1 prints, to stand beside what is measured; every number is copied from the paper."""

from dataclasses import dataclass

from research.validation.age.runs import RunFacts


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Mean absolute error, R2 and bracket-weighted error, years."""

    mae: float
    r2: float
    wmae: float


@dataclass(frozen=True, slots=True)
class PrintedModel:
    """A line of Table 3: without and with bias correction."""

    group: str
    name: str
    uncorrected: Accuracy
    corrected: Accuracy


@dataclass(frozen=True, slots=True)
class PrintedRepeats:
    """A line of Table 4; the interval is of bootstrapped patients."""

    pairs: int
    years_between: float
    icc: float
    low: float
    high: float


SMALL = PrintedModel(
    "Data size", "85 samples", Accuracy(9.77, -0.03, 11.51), Accuracy(9.76, -0.04, 10.55)
)
MEDIUM = PrintedModel(
    "Data size", "850 samples", Accuracy(4.82, 0.75, 5.57), Accuracy(5.33, 0.69, 5.50)
)
SMOOTH = PrintedModel("Loss", "Smooth-L1", Accuracy(3.60, 0.86, 4.47), Accuracy(3.94, 0.83, 4.00))
CERVICAL = PrintedModel(
    "Regions", "Cervical", Accuracy(4.93, 0.75, 5.68), Accuracy(5.57, 0.65, 5.61)
)
THORACIC = PrintedModel(
    "Regions", "Thoracic", Accuracy(4.02, 0.82, 4.77), Accuracy(4.57, 0.77, 4.58)
)
LUMBAR = PrintedModel("Regions", "Lumbar", Accuracy(3.89, 0.83, 4.67), Accuracy(4.35, 0.79, 4.57))
PROPOSED = PrintedModel(
    "Proposed model", "Proposed model", Accuracy(3.47, 0.87, 3.60), Accuracy(3.67, 0.85, 3.60)
)
TABLE_3 = (SMALL, MEDIUM, SMOOTH, CERVICAL, THORACIC, LUMBAR, PROPOSED)
"""P1, Table 3: 1,069 normal series of the test set."""

TABLE_4 = {
    "all": PrintedRepeats(303, 1.59, 0.73, 0.68, 0.78),
    "men": PrintedRepeats(172, 1.60, 0.72, 0.64, 0.79),
    "women": PrintedRepeats(131, 1.56, 0.74, 0.63, 0.81),
}
"""P1, Table 4: people with two scans in the full test set."""

SPLIT_SERIES = {"training": 8491, "validation": 1051, "test": 1069}
"""P1, section 3.1: normal series of each set."""

NORMAL_SERIES, ABNORMAL_SERIES = 10_611, 7_459
"""P1, Table 1."""

LARGE_GAPS = {"plausible": 23, "artifact": 2, "segmentation": 1, "model": 4}
"""P1, section 4.3: 30 of 8,528 series with a gap over 15 years, by outcome."""
FULL_TEST_SERIES = 8_528

_FEW, _MEDIUM = 200, 1_200


def counterpart(facts: RunFacts | None) -> PrintedModel:
    """Return the line of Table 3 that a run answers to; without facts the proposed model's.

    A region counts before the loss, the loss before the number of subjects.
    """
    if facts is None:
        return PROPOSED
    regions = {"cervical": CERVICAL, "thoracic": THORACIC, "lumbar": LUMBAR}
    if facts.region in regions:
        return regions[facts.region]
    if facts.loss == "smooth-l1":
        return SMOOTH
    if facts.subjects < _FEW:
        return SMALL
    return MEDIUM if facts.subjects < _MEDIUM else PROPOSED
