"""What the service's chain said of kinds of images, kept case by case, and counted."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from research.measurements import Data, Measurement
from research.worlds.age_kinds import IN_SCOPE, OUT_OF_SCOPE, Kind

COLUMNS = ("kind", "case", "code", "uncorrected_years", "vertebrae", "seconds")
MOST_REFUSED = 0.01
LEAST_CASES = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the chain said of one case.

    Attributes
    ----------
    code : of the refusal; empty where there is an age
    uncorrected_years : the network's answer; None without an age
    vertebrae : that the segmentation found; None where it was refused
    """

    kind: Kind
    case: str
    code: str
    uncorrected_years: float | None
    vertebrae: int | None
    seconds: float


def read_outcomes(path: Path) -> tuple[Outcome, ...]:
    """Read a table of outcomes; one that is not there is empty, half a last line is left out."""
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    return tuple(
        Outcome(
            Kind(row["kind"]),
            row["case"],
            row["code"],
            float(row["uncorrected_years"]) if row["uncorrected_years"] else None,
            int(row["vertebrae"]) if row["vertebrae"] else None,
            float(row["seconds"]),
        )
        for row in csv.DictReader(whole)
    )


def append_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Add lines; what an interrupted run left of a line is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text and not text.endswith("\n"):
        path.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not text:
            writer.writerow(COLUMNS)
        for one in outcomes:
            cells = [getattr(one, name) for name in COLUMNS]
            writer.writerow(["" if cell is None else cell for cell in cells])


def kind_rows(outcomes: Sequence[Outcome], data: Data) -> list[Measurement]:
    """Return how many out of scope got an age, and which share in scope got none."""
    silent = [_silent(kind, _of(outcomes, kind), data) for kind in OUT_OF_SCOPE]
    refused = [_refused(kind.value, _of(outcomes, kind), data, None) for kind in IN_SCOPE]
    inside = [one for one in outcomes if one.kind in IN_SCOPE]
    fewest = min(len(_of(outcomes, kind)) for kind in OUT_OF_SCOPE)
    return [
        *silent,
        Measurement(
            "out of scope: cases of the kind with the fewest",
            float(fewest),
            "cases",
            data,
            len(outcomes),
            LEAST_CASES,
        ),
        *refused,
        _refused("all kinds", inside, data, MOST_REFUSED),
    ]


def kinds_table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Return a line a kind: how many, how many with an age, and the codes of the others."""
    lines = []
    for kind in Kind:
        found = _of(outcomes, kind)
        codes = Counter(one.code for one in found if one.code)
        lines.append(
            {
                "kind": kind.value,
                "in scope": kind in IN_SCOPE,
                "cases": len(found),
                "with an age": sum(not one.code for one in found),
                "refused": sum(bool(one.code) for one in found),
                "codes": ", ".join(f"{code} {count}" for code, count in codes.most_common()),
            }
        )
    return pd.DataFrame(lines)


def _of(outcomes: Sequence[Outcome], kind: Kind) -> list[Outcome]:
    return [one for one in outcomes if one.kind is kind]


def _silent(kind: Kind, found: Sequence[Outcome], data: Data) -> Measurement:
    count = float(sum(not one.code for one in found)) if found else None
    name = f"out of scope, {kind.value}: an age was given"
    return Measurement(name, count, "cases", data, len(found), 0.0, "lower")


def _refused(name: str, found: Sequence[Outcome], data: Data, most: float | None) -> Measurement:
    share = sum(bool(one.code) for one in found) / len(found) if found else None
    full = f"in scope, {name}: share refused"
    return Measurement(full, share, "1", data, len(found), most, "lower")
