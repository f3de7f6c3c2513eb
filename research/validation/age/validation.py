"""``python -m research validate age``: everything that is said of a model of spine age."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from research.cohort import SubjectRecord, read_records
from research.cohort_faults import require_sound_cohort
from research.measurements import Measurement, write_measurements
from research.pages import Page, Section, Table
from research.validation.age import chain
from research.validation.age.far_cases import far_off
from research.validation.age.kinds import KindsPlan, run_kinds
from research.validation.age.looks import where_it_looked
from research.validation.age.outcomes import Outcome, kind_rows, kinds_table
from research.validation.age.recovery import RUNS
from research.validation.age.runs import Run, read_run, read_runs
from research.validation.age.sections import (
    DATA,
    Told,
    how_accurate,
    how_exact,
    how_good_it_could_be,
    how_stable,
    how_sure,
    rows_table,
    who,
)
from research.validation.age.service import ServiceCase, beside_service, service_rows
from research.worlds.age import Part

COMMAND = "validate-age"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is measured, and how much of it.

    Attributes
    ----------
    predictions : of the exported model
    runs : folder of the ablations; None without any
    cohort : rendered parts; None where they are not at hand
    models : folder of all models
    kinds_cases : of each kind in and out of scope; 0 leaves that out, and its rows miss
    service_cases : run again through the service's path, where there is a cohort
    workers : processes
    boosting_subjects : to learn from reports; None for the whole training part
    recovery_runs : of the planted bias line
    """

    predictions: Path
    runs: Path | None
    cohort: Path | None
    models: Path
    kinds_cases: int
    service_cases: int
    workers: int = 1
    boosting_subjects: int | None = None
    recovery_runs: int = RUNS


def validate(inputs: Inputs, build: Path = Path("build")) -> list[Measurement]:
    """Measure; write ``build/validate-age.json`` and the page ``build/validate-age/index.html``.

    Raises
    ------
    PredictionsError, RunError, WorldError, ReviewError, CohortError
        If what is given cannot be used; nothing is written then.
    """
    begin = time.monotonic()
    run = read_run(inputs.predictions)
    others = () if inputs.runs is None else read_runs(inputs.runs)
    told = [*_from_answers(run, others, inputs, build), *_through_service(run, inputs, build)]
    rows = [row for one in told for row in one.rows]
    _page(run, told, rows).write(build / COMMAND)
    write_measurements(COMMAND, time.monotonic() - begin, rows, build)
    return rows


def _from_answers(run: Run, others: Sequence[Run], inputs: Inputs, build: Path) -> list[Told]:
    """Tell what follows from the tables alone."""
    others = [one for one in others if one.predictions != run.predictions]
    return [
        who(run, _on_disk(inputs.cohort)),
        how_accurate(run, others),
        how_good_it_could_be(run, inputs.boosting_subjects),
        how_sure(run, chain.models_of(inputs.models).age),
        how_stable(run),
        far_off(run, build / COMMAND, inputs.cohort, DATA),
        how_exact(inputs.recovery_runs),
    ]


def _through_service(run: Run, inputs: Inputs, build: Path) -> list[Told]:
    """Tell what the chain does with images."""
    models = chain.models_of(inputs.models)
    return [
        where_it_looked(run, inputs.cohort, models),
        _kinds(inputs, build),
        _service(run, inputs),
    ]


def _kinds(inputs: Inputs, build: Path) -> Told:
    outcomes: Sequence[Outcome] = ()
    if inputs.kinds_cases:
        # Named after the models, so that those of other models are not taken for theirs.
        table = build / COMMAND / f"kinds-{chain.fingerprint(inputs.models)}.csv"
        plan = KindsPlan(inputs.models, table, inputs.cohort, inputs.kinds_cases, inputs.workers)
        outcomes = run_kinds(plan)
    rows = kind_rows(outcomes, DATA)
    parts = (
        Table("kinds", kinds_table(outcomes), "What each kind of study got."),
        rows_table("scope", rows, "Silent ages and needless refusals."),
    )
    return Told(Section("Out of scope", parts), rows)


def _service(run: Run, inputs: Inputs) -> Told:
    cases: Sequence[ServiceCase] = ()
    if inputs.cohort is not None:
        models = chain.models_of(inputs.models)
        cases = beside_service(run.predictions, inputs.cohort, models, inputs.service_cases)
    rows = service_rows(cases, DATA)
    parts = (
        rows_table("service", rows, "The service's path against the table."),
        Table("service-cases", pd.DataFrame(map(asdict, cases)), "Each case, uncorrected."),
    )
    return Told(Section("Training and service", parts), rows)


def _on_disk(cohort: Path | None) -> Mapping[Part, Sequence[SubjectRecord]]:
    """Read who lies in each part, checked across the parts."""
    if cohort is None:
        return {}
    found = {
        part: read_records(cohort / part.value) for part in Part if (cohort / part.value).is_dir()
    }
    require_sound_cohort(cohort, {part.value: records for part, records in found.items()})
    return found


def _page(run: Run, told: Sequence[Told], rows: Sequence[Measurement]) -> Page:
    targets = [row for row in rows if row.target is not None]
    missed = sum(not row.met for row in targets)
    first = Section(
        "Targets",
        (
            f"{len(targets) - missed} of {len(targets)} targets are met.",
            rows_table("targets", targets, "Every figure that has a target."),
        ),
    )
    facts = run.facts
    lead = (
        f"Run {run.name}."
        if facts is None
        else f"Run {run.name}: {facts.subjects} subjects at {facts.spacing_mm:g} mm, "
        f"{facts.epochs} epochs, {facts.seconds / 3600:.1f} h on {facts.device}."
    )
    sections = [first, *(one.section for one in told)]
    return Page("Spine age: validation", DATA, sections, lead)
