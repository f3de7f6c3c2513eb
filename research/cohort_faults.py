"""What is wrong with a cohort on disk, before anything is learned from or measured on it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from research.cohort import IMAGE_FILE, LABELS_FILE, SubjectRecord

# The oldest person known lived 122 years.
EVER_YEARS = 123.0
SEXES = ("M", "F")
_MOST_TOLD = 20

Parts = Mapping[str, Sequence[SubjectRecord]]


class CohortError(ValueError):
    """A cohort that cannot be used; names part and folder of each fault, one a line."""


def require_sound_cohort(cohort: Path, parts: Parts) -> None:
    """Check the records of every part, and the parts against each other.

    Raises
    ------
    CohortError
        With the first faults: an impossible age, an unknown sex, an image or labels that are
        missing or empty, a series in two parts, a person in two parts.
    """
    faults = [
        *(fault for part in parts for fault in _of_records(cohort, part, parts[part])),
        *_between(parts),
    ]
    if faults:
        more = [f"and {len(faults) - _MOST_TOLD} more"] if len(faults) > _MOST_TOLD else []
        raise CohortError("\n".join([*faults[:_MOST_TOLD], *more]))


def _of_records(cohort: Path, part: str, records: Sequence[SubjectRecord]) -> Iterator[str]:
    for number, record in enumerate(records, start=1):
        where = f"{part}, record {number} ({record.subject_id})"
        # Written so that what is no number fails, too.
        if not 0 < record.age_years < EVER_YEARS:
            yield f"{where}: no age between 0 and {EVER_YEARS:g} years"
        if record.sex not in SEXES:
            yield f"{where}: sex is none of {', '.join(SEXES)}"
        for name in (IMAGE_FILE, LABELS_FILE):
            path = cohort / part / record.subject_id / name
            if not path.is_file() or not path.stat().st_size:
                yield f"{where}: {name} is missing or empty"


def _between(parts: Parts) -> Iterator[str]:
    """A person who is learned from must not be measured on, by whatever scan."""
    series: dict[str, str] = {}
    people: dict[str, str] = {}
    for part, records in parts.items():
        for number, record in enumerate(records, start=1):
            where = f"{part}, record {number} ({record.subject_id})"
            if series.setdefault(record.subject_id, part) != part:
                yield f"{where}: the series is in part {series[record.subject_id]}, too"
            if people.setdefault(record.person, part) != part:
                yield f"{where}: the person is in part {people[record.person]}, too"
