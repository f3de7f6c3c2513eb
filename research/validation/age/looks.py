"""Where the age network looked: four scans with their heat over the middle slice (P1, Figure 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from research.cohort import IMAGE_FILE, TRUTH_FILE
from research.pages import Picture, Section
from research.validation.age import chain
from research.validation.age.cases import AgeCase
from research.validation.age.predictions import cases_of
from research.validation.age.runs import Run
from research.validation.age.sections import Told
from research.worlds.age import Part
from spine.errors import Refusal
from spine.findings import AgeEstimate, Segmentation
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.inference.models import Models
from spine.reporting.spine_picture import draw_heat

SHOWN = 4
_TITLE = "Where the network looked"
_ROOM = (420, 900)
_CAPTION = (
    "Figure 5: Grad-CAM of the fifth block over the middle slice, with P1's contrast; above what "
    "made the spine older, below what made it younger. Age → spine age, years."
)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One scan as the service saw it."""

    segmentation: Segmentation
    estimate: AgeEstimate


def where_it_looked(run: Run, cohort: Path | None, models: Models) -> Told:
    """Show scans of the test part, the lowest gap to the highest, by the service's own path."""
    looks = [] if cohort is None else _look(run, cohort / Part.TEST.value, models)
    if not looks:
        text = "No pictures: they take rendered test scans that the models give an age."
        return Told(Section(_TITLE, [text]))
    alt = "Heat maps of the age network over the middle slices of spines"
    return Told(Section(_TITLE, [Picture("figure-5", draw_looks(looks), alt, _CAPTION)]))


def draw_looks(looks: Sequence[Look]) -> Figure:
    """Draw a column a scan: what made it older above, younger below."""
    figure = Figure(figsize=(2.4 * len(looks), 9), layout="constrained")
    columns = figure.subplots(2, len(looks), squeeze=False).T
    for column, look in zip(columns, looks, strict=True):
        heat = look.estimate.heat
        maps = (None, None) if heat is None else (heat.older, heat.younger)
        for axes, shown in zip(column, maps, strict=True):
            axes.imshow(draw_heat(look.segmentation, shown, _ROOM).pixels)
            axes.axis("off")
        age, said = look.estimate.chronological_age_years, look.estimate.predicted_age_years
        column[0].set_title(f"{age:.0f} → {said:.0f}")
    return figure


def _look(run: Run, folder: Path, models: Models) -> list[Look]:
    """Look at scans at even distances in the order of their gaps; without those refused an age."""
    cases = [c for c in cases_of(run.predictions, Part.TEST) if _is_on_disk(folder, c)]
    ordered = sorted(cases, key=lambda case: case.gap_years(run.line))
    places = np.unique(np.linspace(0, len(ordered) - 1, SHOWN).round().astype(int))
    chosen = [ordered[place] for place in places if ordered]
    looks = (_see(folder, case, models) for case in tqdm(chosen, desc="heat", mininterval=5))
    return [look for look in looks if look is not None]


def _see(folder: Path, case: AgeCase, models: Models) -> Look | None:
    volume = canonical(nifti.read_volume(folder / case.case / IMAGE_FILE))
    segmentation = chain.segment(volume, case.age_years, models)
    estimate = chain.estimate(segmentation, case.age_years, models)
    if isinstance(segmentation, Refusal) or isinstance(estimate, Refusal):
        return None
    return Look(segmentation, estimate)


def _is_on_disk(folder: Path, case: AgeCase) -> bool:
    return (folder / case.case / TRUTH_FILE).exists()
