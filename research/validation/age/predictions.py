"""What a trained network said of every scan: ``predictions.csv``, read and checked line by line."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from research.age_answers import COLUMNS
from research.cohort_faults import EVER_YEARS, SEXES
from research.validation.age.cases import AgeCase
from research.worlds.age import Part

_MOST_TOLD = 20


class PredictionsError(ValueError):
    """A table that cannot be used; names every faulty line and column, the header being line 1."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A scan and the network's answer.

    Attributes
    ----------
    predicted_years : not bias-corrected
    """

    part: Part
    subject_id: str
    person_id: str
    sex: str
    age_years: float
    scanner: str
    clinic: str
    predicted_years: float

    @property
    def case(self) -> AgeCase:
        """As the figures take it."""
        return AgeCase(
            self.subject_id, self.age_years, self.sex, self.scanner, self.predicted_years
        )


Predictions = tuple[Prediction, ...]


def read_predictions(path: Path) -> Predictions:
    """Read the answers of one network.

    Raises
    ------
    PredictionsError
        With the first faults, each with its line: no such file, a column that lacks, a part or
        sex that is not known, an impossible age, an answer that is no finite number, a series
        that stands twice, a person in two parts.
    """
    if not path.is_file():
        raise PredictionsError(f"{path}: no such file")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            raise PredictionsError(f"{path.name}, line 1: lacks {', '.join(lacking)}")
        rows = [(reader.line_num, row) for row in reader]
    found, faults = _parsed(rows)
    faults += [*_twice(found), *_in_two_parts(found)]
    if faults or not rows:
        raise PredictionsError(_told(path, faults or ["has no rows"]))
    return tuple(item for _, item in found)


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write what `read_predictions` reads."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([getattr(item, name) for name in COLUMNS] for item in predictions)


def cases_of(predictions: Sequence[Prediction], *parts: Part) -> list[AgeCase]:
    """Return the cases of one part or more."""
    return [item.case for item in predictions if item.part in parts]


_Numbered = list[tuple[int, Prediction]]


def _parsed(rows: Iterable[tuple[int, dict[str, str]]]) -> tuple[_Numbered, list[str]]:
    found, faults = [], []
    for number, row in rows:
        try:
            found.append((number, _prediction(row)))
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    return found, faults


def _prediction(row: dict[str, str]) -> Prediction:
    cells = {name: (row[name] or "").strip() for name in COLUMNS}
    parts = [part.value for part in Part]
    if cells["part"] not in parts:
        raise ValueError(f"'part' is none of {', '.join(parts)}")
    if not cells["subject_id"] or not cells["person_id"]:
        raise ValueError("'subject_id' or 'person_id' is empty")
    if cells["sex"] not in SEXES:
        raise ValueError(f"'sex' is none of {', '.join(SEXES)}")
    age, answer = _number(cells["age_years"]), _number(cells["predicted_years"])
    if not 0 < age < EVER_YEARS:
        raise ValueError(f"'age_years' is no age between 0 and {EVER_YEARS:g} years")
    if not math.isfinite(answer):
        raise ValueError("'predicted_years' is no finite number: weights or input are not sound")
    texts = cells["subject_id"], cells["person_id"], cells["sex"]
    return Prediction(Part(cells["part"]), *texts, age, cells["scanner"], cells["clinic"], answer)


def _number(text: str) -> float:
    """Return NaN for what is no number; every comparison with it fails."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _twice(found: _Numbered) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, item in found:
        if item.subject_id in first:
            yield f"line {number}: the series of line {first[item.subject_id]} again"
        first.setdefault(item.subject_id, number)


def _in_two_parts(found: _Numbered) -> Iterator[str]:
    """A person must not be both learned from, or calibrated on, and tested."""
    first: dict[str, tuple[int, Part]] = {}
    for number, item in found:
        line, part = first.setdefault(item.person_id, (number, item.part))
        if part is not item.part:
            yield (
                f"line {number}: the person of line {line} is in part {part.value} there and in "
                f"{item.part.value} here"
            )


def _told(path: Path, faults: Sequence[str]) -> str:
    more = [f"and {len(faults) - _MOST_TOLD} more"] if len(faults) > _MOST_TOLD else []
    return "\n".join(f"{path.name}, {fault}" for fault in [*faults[:_MOST_TOLD], *more])
