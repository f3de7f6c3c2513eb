"""Rendered subjects that no training has seen: whole spines, and views hard to name."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from research.cohort import read_images, read_records
from research.measurements import Data, Measurement
from research.validation.segmentation.figures import Targets, cases_with, outlines
from research.validation.segmentation.scores import CaseScore, score_phantom, segmented
from research.worlds import unseen
from spine.anatomy.labels import TissueClass
from spine.inference.models import SegmentationModel

GROUPS = {
    unseen.WHOLE: "phantoms, whole spine",
    unseen.TRUNCATED: "phantoms, truncated, turned, 1.5-5 mm slices, noise",
}
# So many that a share of 0.5 % can be told.
LEAST_CASES = 200
_TARGETS = Targets(
    mean={tissue.name.lower(): 0.95 for tissue in TissueClass if tissue}, cases=LEAST_CASES
)


def validate_phantoms(cohort: Path, model: SegmentationModel) -> list[Measurement]:
    """Measure every case of a cohort of `research.worlds.unseen.render_unseen`."""
    scores = [
        score_phantom(
            segmented(record.subject_id, read_images(cohort, record), model, record.age_years)
        )
        for record in tqdm(read_records(cohort), desc="phantoms", mininterval=5)
    ]
    return [row for view in GROUPS for row in rows(view, _of(view, scores))]


def rows(view: str, scores: Sequence[CaseScore]) -> list[Measurement]:
    """Return the figures of one group."""
    group, is_whole = GROUPS[view], view == unseen.WHOLE
    silent = [score.misnamed_levels > 0 and score.levels_certain for score in scores]
    uncertain = [not score.levels_certain for score in scores if score.anchored]
    wrong = [score.wrong_levels > 0 for score in scores]
    data = Data.SYNTHETIC
    return [
        *outlines(scores, group, data, _TARGETS if is_whole else Targets(cases=LEAST_CASES)),
        cases_with(f"{group}: a level wrong", wrong, data, 0.01 if is_whole else None),
        cases_with(f"{group}: a level wrong though certain", silent, data, 0.005),
        cases_with(f"{group}: levels uncertain, an anchor in view", uncertain, data, 0.02),
        cases_with(f"{group}: refused", [score.refused for score in scores], data, None),
        cases_with(
            f"{group}: a lumbar disc withheld", [s.withheld_discs > 0 for s in scores], data, None
        ),
    ]


def _of(view: str, scores: Sequence[CaseScore]) -> list[CaseScore]:
    return [score for score in scores if score.case.rpartition("_")[2] == view]
