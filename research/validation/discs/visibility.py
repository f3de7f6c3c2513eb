"""Worlds in which the image shows less or more of a disc's course than in the stated one."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from research.estimators.discs.answers import Source
from research.estimators.discs.evaluation import Evaluation, evaluate
from research.estimators.discs.predictions import predictions_file, read_predictions
from research.estimators.discs.wording import PLAIN, style_of, with_interval
from research.pages import Table
from research.validation.discs.oracle import ORACLE_FILE, Skill, read_oracle, skill
from research.worlds.progression.oracle import oracle_accuracy
from research.worlds.progression.settings import VISIBLE_SHARE, Visibility
from spine.anatomy.grades import Scale

_SHOWN = (Source.MODEL, Source.BASELINE, Source.ORACLE)
_MEASURES = ("accuracy", "F1", "AUC", "Brier")


class World(NamedTuple):
    """A run, and the folder of the virtual cohort that it was trained on."""

    run: Path
    cohort: Path


def visible_shares() -> Table:
    """Return what is visible in each world, and how often its oracle is right."""
    rows = [
        {
            "scale": scale.value,
            "world": visibility.value,
            "share of the course that is visible": VISIBLE_SHARE[visibility][scale],
            "oracle's accuracy, %": 100 * oracle_accuracy(scale, VISIBLE_SHARE[visibility][scale]),
        }
        for scale in Scale
        for visibility in Visibility
    ]
    caption = (
        "Assumed, and fixed before any training: the share of the variance of a disc's course "
        "that its baseline image shows. Figures on this page are of the stated world."
    )
    return Table("worlds", pd.DataFrame(rows), caption)


def other_worlds(worlds: Sequence[World], resamples: int, rng: np.random.Generator) -> Table:
    """Measure runs on cohorts of other worlds, each against its own oracle."""
    rows = [row for world in worlds for row in _rows(world, resamples, rng)]
    caption = (
        "Runs on other worlds, each beside its own baseline rule and oracle; accuracy and F1 in "
        "percent, 95 % patient-bootstrap intervals."
    )
    return Table("other-worlds", pd.DataFrame(rows), caption)


def _rows(world: World, resamples: int, rng: np.random.Generator) -> list[dict[str, str]]:
    rows = []
    for scale in Scale:
        path = world.run / predictions_file(scale)
        if path.is_file():
            predictions = read_predictions(path, scale)
            oracle = read_oracle(world.cohort / ORACLE_FILE, predictions)
            found = evaluate(predictions, [oracle], rng, by_group=False, resamples=resamples)
            named = {"run": world.run.name, "scale": scale.value}
            rows += [named | _cells(found, source) for source in _SHOWN]
            rows.append(named | {"row": "skill"} | _skill_cells(skill(found)))
    return rows


def _cells(found: Evaluation, source: Source) -> dict[str, str]:
    figures = found.figures[found.figures["row"] == source].set_index("measure")
    cells = {"row": source.value}
    for name in _MEASURES:
        value, low, high = (float(figures.at[name, end]) for end in ("value", "low", "high"))
        cells[name] = with_interval(value, low, high, style_of(name))
    return cells


def _skill_cells(found: Skill) -> dict[str, str]:
    pairs = {"AUC": found.auc, "Brier": found.brier}
    return {n: with_interval(one.value, one.low, one.high, PLAIN) for n, one in pairs.items()}
