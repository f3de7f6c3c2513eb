"""Tables of a report on one scale; what needs no image stands beside the model in each."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.estimators.discs.answers import Source
from research.estimators.discs.evaluation import ALL, Evaluation
from research.estimators.discs.figures import CALIBRATION, CALLS, CHANCES, COUNTS, GRADES, SHORT
from research.estimators.discs.published import PUBLISHED
from research.estimators.discs.resampling import estimate, ratio
from research.estimators.discs.states import CAME, SAID, states_said, states_that_came
from research.estimators.discs.wording import PERCENT, style_of, with_interval, with_spread
from research.pages import Table

_PRINTED = "P2, as printed"
_OF_TABLE_4 = (*COUNTS, "accuracy", "precision", "recall", "F1")


def table_4(evaluation: Evaluation) -> Table:
    """Return P2's Table 4: percent, mean and standard deviation over the folds."""
    figures = _pooled(evaluation)
    printed = PUBLISHED[evaluation.predictions.scale].table_4
    rows = [{"row": _PRINTED} | {
        name: f"{printed[name][0]} ± {printed[name][1]}" for name in _OF_TABLE_4
    }]  # fmt: skip
    for source in evaluation.sources:
        own = figures[figures["row"] == source].set_index("measure")
        cells = {
            name: with_spread(own.at[name, "fold mean"], own.at[name, "fold SD"], PERCENT)
            for name in _OF_TABLE_4
        }
        rows.append({"row": source.value} | cells)
    caption = (
        "Table 4, in percent: mean ± standard deviation over the folds, which is no confidence "
        "interval. Improvement counts as no progression. P2's discs are other people's."
    )
    return Table(f"{_scale(evaluation)}-table-4", pd.DataFrame(rows), caption)


def pooled(evaluation: Evaluation) -> Table:
    """Return calls of progression over all discs, with their intervals."""
    mean = {name: one[0] for name, one in PUBLISHED[evaluation.predictions.scale].table_4.items()}
    f1 = 200 * mean["TP"] / (2 * mean["TP"] + mean["FP"] + mean["FN"])
    recall, specificity = (
        mean[right] / (mean[right] + mean[wrong]) for right, wrong in (("TP", "FN"), ("TN", "FP"))
    )
    printed = {
        "row": "P2, from its printed counts",
        "accuracy": f"{mean['TP'] + mean['TN']:.1f}",
        "precision": f"{100 * mean['TP'] / (mean['TP'] + mean['FP']):.1f}",
        "recall": f"{100 * recall:.1f}",
        "F1": f"{f1:.1f}",
        "balanced accuracy": f"{50 * (recall + specificity):.1f}",
    }
    caption = (
        "Calls of progression over all discs, in percent, with 95 % patient-bootstrap intervals."
    )
    rows = [printed, *_interval_rows(evaluation, CALLS)]
    return Table(f"{_scale(evaluation)}-pooled", pd.DataFrame(rows), caption)


def chances(evaluation: Evaluation) -> Table:
    """Return how good the chances of progression are."""
    caption = (
        "Chances of progression, with 95 % patient-bootstrap intervals. The AUC is over pairs of "
        "discs of one fold. Calibration is of discs below the highest grade: a slope of 1 and an "
        "intercept of 0 are right, a slope below 1 is overconfident; a chance of 0 or 1 has none."
    )
    rows = _interval_rows(evaluation, (*CHANCES, *CALIBRATION))
    return Table(f"{_scale(evaluation)}-chances", pd.DataFrame(rows), caption)


def follow_up_grades(evaluation: Evaluation) -> Table:
    """Return how far the follow-up grade itself is found."""
    caption = (
        "The follow-up grade itself: kappa with 95 % patient-bootstrap intervals, and in percent "
        "the share of grades found, over all discs and as the mean over true grades."
    )
    rows = _interval_rows(evaluation, GRADES)
    return Table(f"{_scale(evaluation)}-grades", pd.DataFrame(rows), caption)


def by_group(evaluation: Evaluation) -> list[Table]:
    """Return one table a grouping."""
    groupings = [one for one in evaluation.figures["grouping"].unique() if one != ALL]
    return [_grouping(evaluation, grouping) for grouping in groupings]


def states(evaluation: Evaluation, sources: Sequence[Source]) -> Table:
    """Return what was said of the discs beside what came, for some of the answers."""
    came = states_that_came(evaluation.predictions)
    rows = []
    for source in sources:
        said = states_said(evaluation.predictions, evaluation.answer(source))
        for state in SAID:
            members = said == state
            cells = {"row": source.value, "said": state, "discs": int(members.sum())}
            counts = {f"came: {one}": int((members & (came == one)).sum()) for one in CAME}
            right = _right(evaluation, members, came == state)
            rows.append(cells | counts | {"right, %": right})
    caption = (
        "States said and what came. Undetermined: the most probable grade and the chance of "
        "progression contradict each other. Right with 95 % patient-bootstrap intervals."
    )
    return Table(f"{_scale(evaluation)}-states", pd.DataFrame(rows), caption)


def _right(evaluation: Evaluation, members: np.ndarray, same: np.ndarray) -> str:
    sums = evaluation.resamples.sums(np.column_stack([members & same, members]))
    found = estimate(ratio(sums[:, 0], sums[:, 1]))
    return with_interval(found.value, found.low, found.high, PERCENT)


def _grouping(evaluation: Evaluation, grouping: str) -> Table:
    figures = evaluation.figures[evaluation.figures["grouping"] == grouping]
    progressed = evaluation.predictions.progressed
    rows = []
    for (group, source), part in figures.groupby(["group", "row"], sort=False):
        own = part.set_index("measure")
        cells = {name: _cell(own.loc[name], name) for name in SHORT}
        discs = int(own["discs"].iloc[0])
        rows.append({grouping: group, "discs": discs, "row": source} | cells)
    caption = (
        f"By {grouping}; accuracy and F1 in percent, 95 % patient-bootstrap intervals. "
        f"{int(progressed.sum()):,} of all {len(progressed):,} discs progressed."
    )
    name = f"{_scale(evaluation)}-by-{grouping.lower().replace(' ', '-')}"
    return Table(name, pd.DataFrame(rows), caption)


def _interval_rows(evaluation: Evaluation, measures: Sequence[str]) -> list[dict[str, str]]:
    figures = _pooled(evaluation).set_index(["row", "measure"])
    return [
        {"row": source.value}
        | {name: _cell(figures.loc[(source.value, name)], name) for name in measures}
        for source in evaluation.sources
    ]


def _cell(figure: pd.Series, measure: str) -> str:
    return with_interval(figure["value"], figure["low"], figure["high"], style_of(measure))


def _scale(evaluation: Evaluation) -> str:
    return evaluation.predictions.scale.value


def _pooled(evaluation: Evaluation) -> pd.DataFrame:
    return evaluation.figures[evaluation.figures["grouping"] == ALL]
