"""Real patients, out of fold: each is segmented by nets that were trained without them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from research.labeled.cases import LabeledCase, load, read_labeled_cases
from research.labeled.mapping_file import load_mapping
from research.measurements import Data, Measurement
from research.training.segmentation.export import HELD_OUT_FILE
from research.training.segmentation.sources import case_name
from research.validation.segmentation.figures import Targets, cases_with, outlines
from research.validation.segmentation.models import read_unapproved
from research.validation.segmentation.pictures import WorstCases
from research.validation.segmentation.scores import (
    Case,
    CaseScore,
    gate,
    score_patient,
    segmented,
    without_sacrum,
)

MAPPING = "spider-merged"
GROUP = "patients, lumbar, out of fold"
TARGETS = Targets(
    mean={"vertebra": 0.945, "disc": 0.905, "canal": 0.945},
    worst={"vertebra": 0.88, "disc": 0.82, "canal": 0.91},
    distance_mm=0.5,
    cases=24,
)


@dataclass(frozen=True, slots=True)
class PatientResult:
    """One patient: as recorded, and with the sacrum cut out of view."""

    score: CaseScore
    truncated: CaseScore


def validate_patients(real_data: Path, folds: Path, pictures: Path) -> list[PatientResult]:
    """Measure every patient of the folds, sorted by name, and draw the three worst.

    Parameters
    ----------
    real_data : folder of the merged form of SPIDER
    folds : ``fold-<k>/`` as `research.training.segmentation.export.export` writes it
    """
    results: list[PatientResult] = []
    worst = WorstCases()
    for case, truncated in _out_of_fold(real_data, folds):
        results.append(PatientResult(score_patient(case), _levels_alone(truncated)))
        worst.consider(case, results[-1].score)
    worst.write(pictures)
    return sorted(results, key=lambda result: result.score.case)


def rows(results: Sequence[PatientResult]) -> list[Measurement]:
    """Return the figures of all patients."""
    real = Data.REAL
    scores, truncated = [one.score for one in results], [one.truncated for one in results]
    return [
        *outlines(scores, GROUP, real, TARGETS),
        cases_with(f"{GROUP}: a level wrong", [s.wrong_levels > 0 for s in scores], real, 0),
        cases_with(f"{GROUP}: levels uncertain", [not s.levels_certain for s in scores], real, 0),
        cases_with(f"{GROUP}: refused", [s.refused for s in scores], real, 1 / 24),
        cases_with(
            f"{GROUP}: a lumbar disc withheld", [s.withheld_discs > 0 for s in scores], real, None
        ),
        cases_with(
            f"{GROUP}, sacrum cut off: levels certain",
            [s.levels_certain for s in truncated],
            real,
            0,
        ),
    ]


def _out_of_fold(real_data: Path, folds: Path) -> Iterator[tuple[Case, Case]]:
    mapping = load_mapping(MAPPING)
    cases = {case_name(mapping, case): case for case in read_labeled_cases(real_data, mapping)}
    found = sorted(folds.glob(f"fold-*/{HELD_OUT_FILE}"))
    if not found:
        raise FileNotFoundError(f"{folds} holds no folds")
    held = {path.parent: json.loads(path.read_text()) for path in found}
    progress = tqdm(total=sum(map(len, held.values())), desc="patients", mininterval=5)
    for folder, names in held.items():
        model = read_unapproved(folder)
        for name in names:
            case = _known(cases, name)
            images = load(case)
            yield (
                segmented(name, images, model, case.age_years),
                segmented(name, without_sacrum(*images), model, case.age_years),
            )
            progress.update()


def _known(cases: dict[str, LabeledCase], name: str) -> LabeledCase:
    if name not in cases:
        raise ValueError(f"a fold holds out {name}, which is not among the real cases")
    return cases[name]


def _levels_alone(case: Case) -> CaseScore:
    return CaseScore(case.name, {}, {}, 0, 0, *gate(case.found))
