"""The page, section by section."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from research.estimators.discs import (
    examples,
    learning_curve,
    model_baseline,
    population,
    tables,
)
from research.estimators.discs.answers import Source
from research.estimators.discs.comparison import COMPARISONS, compare
from research.estimators.discs.evaluation import Evaluation
from research.estimators.discs.pictures import draw_calibration, draw_decision_curve
from research.estimators.discs.real_gradings import tabulate
from research.estimators.discs.states import states_said
from research.estimators.discs.wording import PLAIN, with_interval
from research.measurements import Data, Measurement
from research.pages import Picture, Section, Table
from research.validation.discs.oracle import Skill
from research.validation.discs.results import Inputs, Results
from research.validation.discs.visibility import other_worlds, visible_shares
from spine.anatomy.grades import Scale

Parts = list[str | Table | Picture]

_IN_STATES = (Source.MODEL, Source.ALWAYS, Source.NEVER, Source.BASELINE, Source.AGE_LEVEL)
_ROWS = (
    "Every table shows, beside the model, what can be said without an image: always (every disc "
    "that can gets worse), never, the baseline grade only (shares of follow-up grades among the "
    "training discs of the same baseline grade; and the rule of the baseline grade that had the "
    "best F1 there), age + level, and all of these together. Whatever is fitted is fitted inside "
    "the training folds. The oracle is what the image of a virtual disc shows at most."
)
_P2 = (
    "P2: 1,343 people of southern China, L1 to S1, 1.5 T, three institutions, one protocol; "
    "surgery, tumor and marked deformity were excluded; two blinded readers with consensus. "
    "Figures here are of other discs: they stand beside P2's to be read, not to be ranked."
)
_REAL = (
    "24 real patients of SPIDER (van der Graaf et al., Scientific Data 2024, 11:264, CC BY 4.0) "
    "with back pain and no follow-up; every disc was graded by a network that had not seen its "
    "patient. Bulging is any against none, as their labels have it. What age and level tell is "
    "fitted on the same folds; the true Pfirrmann grade is a reader's, not a network's."
)


def page_sections(inputs: Inputs, results: Results) -> list[Section]:
    """Return every section of the page, in order."""
    rng = np.random.default_rng(inputs.seed + 1)
    sections = [
        Section("Targets", [_ROWS, _targets(results.rows), *_skills(results)]),
        Section("Discs and people", _people(results)),
    ]
    sections += [_scale(inputs, one) for one in results.evaluations.values()]
    sections += [_groups(one) for one in results.evaluations.values()]
    return [
        *sections,
        Section("Examples", _examples(inputs, results, rng)),
        Section("Trained otherwise", list(_comparisons(inputs, rng))),
        *_worlds(inputs, rng),
        Section("Finetuning", _finetuning(inputs, rng)),
        Section("Grades of real patients", _gradings(inputs, results)),
    ]


def _targets(rows: Sequence[Measurement]) -> Table:
    lines = [
        {
            "figure": row.name,
            "value": row.value,
            "target": f"{'≥' if row.better == 'higher' else '≤'} {row.target:g}",
            "met": row.met,
            "data": row.data.value,
            "discs": row.n,
        }
        for row in rows
        if row.target is not None
    ]
    caption = "A dash is a figure that was not measured, and misses its target."
    return Table("targets", pd.DataFrame(lines), caption, decimals=3)


def _skills(results: Results) -> Parts:
    if not results.skills:
        return ["No oracle was given: how much of what the image shows was learned is not known."]
    rows = [
        {"scale": scale.value, **_skill_cells(found)} for scale, found in results.skills.items()
    ]
    caption = (
        "(model - baseline grade only) / (oracle - baseline grade only), with 95 % "
        "patient-bootstrap intervals: 0 is the baseline grade, 1 all that the image shows."
    )
    return [Table("skill", pd.DataFrame(rows), caption)]


def _skill_cells(found: Skill) -> dict[str, str]:
    pairs = (("AUC", found.auc), ("Brier score", found.brier))
    return {name: with_interval(one.value, one.low, one.high, PLAIN) for name, one in pairs}


def _people(results: Results) -> Parts:
    studies = {scale: one.predictions for scale, one in results.evaluations.items()}
    parts: Parts = [_P2, *population.table_1(studies), population.table_2(studies)]
    parts.append(population.table_3(studies))
    if results.fits:
        rows = [
            {
                "scale": scale.value,
                "largest difference, points": fit.largest_difference_points,
                "chi-squared, corrected": fit.statistic,
                "degrees of freedom": fit.degrees,
                "design effect": fit.design_effect,
                "p": fit.p,
            }
            for scale, fit in results.fits.items()
        ]
        caption = (
            "The discs' grades against the joint distribution of Tables 2 and 3: Pearson's test "
            "with Rao and Scott's correction for discs of one patient."
        )
        parts.append(Table("joint", pd.DataFrame(rows), caption, decimals=3))
    return parts


def _scale(inputs: Inputs, evaluation: Evaluation) -> Section:
    return Section(
        f"{evaluation.predictions.scale.value.capitalize()}",
        [
            tables.table_4(evaluation),
            tables.pooled(evaluation),
            tables.chances(evaluation),
            draw_calibration(evaluation),
            draw_decision_curve(evaluation),
            tables.follow_up_grades(evaluation),
            tables.states(evaluation, _IN_STATES),
            _baseline_source(inputs, evaluation),
        ],
    )


def _baseline_source(inputs: Inputs, evaluation: Evaluation) -> str | Table:
    predictions = evaluation.predictions
    path = inputs.run / model_baseline.baseline_file(predictions.scale)
    if not path.is_file():
        return f"The run has no {path.name}: figures are with the readers' baseline grade alone."
    said = states_said(predictions, evaluation.answer(Source.MODEL))
    graded = model_baseline.read_baseline(path, predictions)
    by_model = model_baseline.from_model(predictions, graded)
    return model_baseline.tabulate(predictions, said, by_model, evaluation.resamples)


def _groups(evaluation: Evaluation) -> Section:
    title = f"{evaluation.predictions.scale.value.capitalize()} by group"
    return Section(title, tables.by_group(evaluation))


def _examples(inputs: Inputs, results: Results, rng: np.random.Generator) -> Parts:
    regions = {} if inputs.cohort is None else examples.read_regions(inputs.cohort)
    if not regions:
        return [f"No pictures: {examples.REGIONS_FILE} of the cohort was not given."]
    answered = {
        scale: (one.predictions, one.answer(Source.MODEL))
        for scale, one in results.evaluations.items()
    }
    parts: Parts = []
    shown = examples.one_patient(answered, regions)
    if shown:
        caption = "As P2's Figure 1: the discs of one patient at baseline, head to foot."
        parts.append(examples.draw_examples("one-patient", shown, caption, columns=len(shown)))
    for scale, (predictions, answers) in answered.items():
        drawn = examples.of_each_outcome(predictions, answers, regions, rng)
        if drawn:
            caption = f"{scale.value}: one disc drawn at random from each outcome."
            parts.append(examples.draw_examples(f"examples-{scale.value}", drawn, caption))
    return parts


def _comparisons(inputs: Inputs, rng: np.random.Generator) -> Iterator[str | Table]:
    for comparison in COMPARISONS:
        table, missing = compare(comparison, inputs.run, inputs.others, rng)
        if table is not None:
            yield table
        if missing:
            yield f"{comparison.question} No run was given for: {'; '.join(missing)}."


def _worlds(inputs: Inputs, rng: np.random.Generator) -> list[Section]:
    if inputs.data is not Data.SYNTHETIC:
        return []
    parts: Parts = [visible_shares()]
    if inputs.worlds:
        parts.append(other_worlds(inputs.worlds, inputs.resamples, rng))
    else:
        parts.append("No runs on the other worlds were given.")
    return [Section("Other worlds", parts)]


def _finetuning(inputs: Inputs, rng: np.random.Generator) -> Parts:
    if inputs.finetuned is None:
        return ["No finetuned runs were given."]
    curve = learning_curve.read_curve(inputs.finetuned, rng)
    anew = learning_curve.tabulate_begun(inputs.finetuned)
    return [learning_curve.tabulate(curve), learning_curve.draw(curve), *anew]


def _gradings(inputs: Inputs, results: Results) -> Parts:
    if inputs.real_data is None:
        return ["No real data was given."]
    parts: Parts = [_REAL]
    for scale in (Scale.PFIRRMANN, Scale.BULGING):
        if scale not in results.gradings.unanswered:
            parts.append(
                f"The run has no grading model of {scale.value}: age and level alone, each "
                "patient left out in turn."
            )
        caption = (
            f"{scale.value}, with 95 % patient-bootstrap intervals; shares in percent, an AUC over "
            "pairs of discs of one fold."
        )
        parts.append(Table(f"real-{scale.value}", tabulate(results.gradings.found, scale), caption))
    return parts
