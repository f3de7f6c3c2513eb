"""Gaps over 15 years of the full test set: the list to fill in, its outcomes, its pictures."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from research.cohort import IMAGE_FILE, TRUTH_FILE
from research.measurements import Data, Measurement
from research.pages import Picture, Section, Table
from research.validation.age.cases import AgeCase
from research.validation.age.large_gaps import (
    LARGE_GAP_YEARS,
    ReviewedCase,
    large_gaps,
    outcomes,
    read_review,
    write_review,
)
from research.validation.age.pictures import draw_far_cases
from research.validation.age.predictions import cases_of
from research.validation.age.printed import FULL_TEST_SERIES, LARGE_GAPS
from research.validation.age.runs import Run
from research.validation.age.sections import Told
from research.worlds.age import Part
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.imaging.volume import Volume
from spine.inference.models import BiasLine

REVIEW_FILE = "review.csv"
FULL_TEST = (Part.TEST, Part.OTHER_SCANNERS, Part.OTHER_DISEASES, Part.REPEATS)
_MOST_DRAWN = 20


def far_off(run: Run, folder: Path, cohort: Path | None, data: Data) -> Told:
    """List the far cases in a folder, unless a list is there; tell its outcomes and show images.

    Raises
    ------
    ReviewError
        If a list is there that cannot be read.
    """
    cases, line = cases_of(run.predictions, *FULL_TEST), run.line
    far = large_gaps(cases, line)
    reviewed = _reviewed(folder / REVIEW_FILE, cases, line)
    name = f"gap over {LARGE_GAP_YEARS:g} years: share of the full test set"
    share = len(far) / len(cases) if cases else None
    rows = [Measurement(name, share, "1", data, len(cases)), *outcomes(reviewed, data)]
    text = (
        f"{len(far)} of {len(cases)} scans; P1: 30 of {FULL_TEST_SERIES:,}. Outcomes are filled "
        f"in by a reader in {REVIEW_FILE}, whose last column is empty at first."
    )
    caption = "Outcomes of the review (P1, section 4.3)."
    parts: list[str | Table | Picture] = [
        text,
        Table("outcomes", _outcomes_table(reviewed), caption, printed=("P1",)),
        Table("far", _far_table(far, line), "Every case, the farthest first.", decimals=1),
    ]
    images = _images(far[:_MOST_DRAWN], line, cohort, run)
    if images:
        alt = "Middle slices of the cases whose spine age is farthest off"
        parts.append(Picture("far-images", draw_far_cases(images), alt, "Age → spine age, years."))
    return Told(Section("Far off", parts), rows)


def _reviewed(path: Path, cases: Sequence[AgeCase], line: BiasLine) -> tuple[ReviewedCase, ...]:
    """Read the list; a list without any outcome is written anew, since nothing is lost."""
    if path.exists():
        found = read_review(path)
        if any(case.outcome is not None for case in found):
            return found
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_review(path, cases, line)
    return read_review(path)


def _outcomes_table(reviewed: Sequence[ReviewedCase]) -> pd.DataFrame:
    counts = Counter("not reviewed" if c.outcome is None else c.outcome.value for c in reviewed)
    names = [*LARGE_GAPS, "not reviewed"]
    return pd.DataFrame(
        {
            "outcome": names,
            "cases": [counts[name] for name in names],
            "P1": pd.array([LARGE_GAPS.get(name) for name in names], dtype="Int64"),
        }
    )


def _far_table(far: Sequence[AgeCase], line: BiasLine) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case": [case.case for case in far],
            "sex": [case.sex for case in far],
            "scanner": [case.scanner for case in far],
            "age, years": [case.age_years for case in far],
            "spine age, years": [case.corrected_years(line) for case in far],
            "gap, years": [case.gap_years(line) for case in far],
        }
    )


def _images(
    far: Sequence[AgeCase], line: BiasLine, cohort: Path | None, run: Run
) -> dict[str, Volume]:
    """Read the images that lie on disk, titled with both ages."""
    if cohort is None:
        return {}
    parts = {item.subject_id: item.part for item in run.predictions}
    images = {}
    for case in far:
        folder = cohort / parts[case.case].value / case.case
        if (folder / TRUTH_FILE).exists():
            title = f"{case.case}\n{case.age_years:.0f} → {case.corrected_years(line):.0f}"
            images[title] = canonical(nifti.read_volume(folder / IMAGE_FILE))
    return images
