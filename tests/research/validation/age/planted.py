"""A planted world: every case's gap, and how the network shrinks ages."""

import numpy as np

from research.validation.age.cases import AgeCase
from spine.inference.models import BiasLine

LINE = BiasLine(0.8, 10.0, 500)


def case(name, age, gap, sex="F", scanner="A"):
    """A case whose bias-corrected gap is the given one."""
    return AgeCase(name, age, sex, scanner, LINE.slope * (age + gap) + LINE.intercept_years)


def cohort(seed, cases=400, gap_slope=0.0, sd_years=4.0):
    """Cases of 25 to 85 years; the gap of scanner B rises with age by `gap_slope`."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(25, 85, size=cases)
    gap = sd_years * rng.standard_normal(cases)
    found = []
    for number in range(cases):
        scanner = "AB"[number % 2]
        tilt = gap_slope * (age[number] - 55) if scanner == "B" else 0.0
        sex = "FM"[number // 2 % 2]
        found.append(case(f"c{number:04}", age[number], gap[number] + tilt, sex, scanner))
    return found
