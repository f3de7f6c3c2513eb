"""Who was scanned when and where: P1's ages, sexes, repeat scans, scanners and clinics."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.worlds.reports.laws import table_1

SERIES, REPEATS = 18_070, 676
"""P1, section 2.2: 18,070 series of 17,394 people."""

CLINICS, SCANNERS = 10, 19
_FIRST_DAY, _LAST_DAY = np.datetime64("2011-01-01"), np.datetime64("2024-12-31")
_DAYS_A_YEAR = 365.25
_YOUNGEST_YEARS, _BRACKET_YEARS = 25.0, 10.0
# P1, Table 4: 1.59 years on average; the shape is an assumption.
_INTERVAL_SHAPE, _INTERVAL_SCALE_YEARS = 2.5, 0.64
_LEAST_INTERVAL_YEARS = 0.1
# More scans every year, by assumption: 1 would be as many in every year.
_GROWTH = 0.6


@dataclass(frozen=True, slots=True)
class _Scan:
    """Age, and sex and class by number of the cell."""

    person: int
    cell: int
    age_years: float
    years_before: float


def draw_scans(series: int, rng: np.random.Generator, *, abnormals: bool = True) -> pd.DataFrame:
    """Draw who was scanned, in order of date.

    Parameters
    ----------
    series : how many; Table 1's cells keep their shares, and its numbers at 18,070
    abnormals : without, everyone is normal

    Returns
    -------
    a row a series: person (0 up), sex, age_years, bracket, abnormal, scan_date, scanner, clinic
    """
    cells = _cells(series, abnormals=abnormals)
    scans = pd.DataFrame(list(_scans(cells, round(series * REPEATS / SERIES), rng)))
    people = int(scans["person"].max()) + 1
    table = pd.DataFrame(
        {
            "person": rng.permutation(people)[scans["person"]],
            "sex": cells["sex"].to_numpy()[scans["cell"]],
            "age_years": _hundredths(scans["age_years"].to_numpy()),
            "bracket": cells["bracket"].to_numpy()[scans["cell"]],
            "abnormal": cells["abnormal"].to_numpy()[scans["cell"]],
            "scan_date": _dates(scans, people, rng),
        }
    )
    table["clinic"], table["scanner"] = _places(table["person"].to_numpy(), people, rng)
    return table.sort_values(["scan_date", "person"], ignore_index=True)


def _cells(series: int, *, abnormals: bool) -> pd.DataFrame:
    rows = [
        (cell.bracket, cell.sex, abnormal and abnormals, count)
        for cell in table_1()
        for abnormal, count in ((False, cell.normal), (True, cell.abnormal))
    ]
    cells = pd.DataFrame(rows, columns=["bracket", "sex", "abnormal", "count"])
    cells["count"] = _apportioned(cells["count"].to_numpy(), series)
    return cells


def _apportioned(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Scale counts to a total by largest remainders."""
    exact = counts * total / counts.sum()
    whole = np.floor(exact).astype(np.int64)
    most = np.argsort(whole - exact, kind="stable")[: total - whole.sum()]
    whole[most] += 1
    return np.asarray(whole)


def _scans(cells: pd.DataFrame, repeats: int, rng: np.random.Generator) -> Iterator[_Scan]:
    """Pair some series, then give every other one a person of its own."""
    left = cells["count"].to_numpy().copy()
    person = 0
    for second in rng.permutation(np.repeat(np.arange(len(cells)), left)).tolist():
        if person == repeats:
            break
        age = _age(cells["bracket"][second], rng)
        interval = rng.gamma(_INTERVAL_SHAPE, _INTERVAL_SCALE_YEARS) + _LEAST_INTERVAL_YEARS
        first = _cell_before(cells, second, age - interval)
        if first is None or left[second] < 1 or left[first] < 1 + (first == second):
            continue
        left[first] -= 1
        left[second] -= 1
        yield _Scan(person, first, age - interval, 0.0)
        yield _Scan(person, second, age, interval)
        person += 1
    for cell in np.repeat(np.arange(len(cells)), left).tolist():
        yield _Scan(person, cell, _age(cells["bracket"][cell], rng), 0.0)
        person += 1


def _age(bracket: int, rng: np.random.Generator) -> float:
    return float(bracket - 5.0 + rng.uniform(0.0, _BRACKET_YEARS))


def _cell_before(cells: pd.DataFrame, second: int, age: float) -> int | None:
    """Find the cell of the first scan: same sex and class, the bracket of its age."""
    if age < _YOUNGEST_YEARS:
        return None
    brackets_back = int((cells["bracket"][second] - 5.0 - age) // _BRACKET_YEARS) + 1
    # Cells stand by bracket, sex and class: four a bracket.
    return second - 4 * max(brackets_back, 0)


def _dates(scans: pd.DataFrame, people: int, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Draw the day of each person's first scan early enough for the second."""
    days_before = np.round(scans["years_before"].to_numpy() * _DAYS_A_YEAR)
    longest = np.zeros(people)
    np.maximum.at(longest, scans["person"].to_numpy(), days_before)
    span = float((_LAST_DAY - _FIRST_DAY) / np.timedelta64(1, "D"))
    first = np.floor(rng.uniform(size=people) ** _GROWTH * (span - longest))
    days = first[scans["person"].to_numpy()] + days_before
    return np.asarray(_FIRST_DAY + days.astype("timedelta64[D]"))


def _places(
    person: NDArray[np.int64], people: int, rng: np.random.Generator
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Keep a person at one clinic; every clinic but the last has two scanners."""
    sizes = np.linspace(1.0, 3.0, CLINICS)
    clinic = rng.choice(CLINICS, size=people, p=sizes / sizes.sum())[person]
    scanner = np.minimum(2 * clinic + rng.integers(2, size=len(person)), SCANNERS - 1)
    makers = np.where(np.arange(SCANNERS) % 3 == 0, "siemens", "philips")
    names = np.array([f"{maker}-{n:02}" for n, maker in enumerate(makers)])
    return np.array([f"clinic-{n}" for n in range(CLINICS)])[clinic], names[scanner]


def _hundredths(ages: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut to two decimals, never over the end of a bracket."""
    return np.floor(ages * 100.0) / 100.0
