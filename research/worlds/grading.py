"""The virtual cohort on which grading models are begun: lumbar views with every disc graded."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from phantom.protocols import (
    LUMBAR_T2,
    LUMBAR_T2_PHILIPS,
    LUMBAR_T2_SPACE,
    Protocol,
    coarser,
    randomized,
)
from phantom.rendering import render
from phantom.subjects import subject
from research.cohort import TRUTH_FILE, SubjectRecord, write_subject
from research.processes import each
from research.worlds.cohorts import grades_of
from research.worlds.segmentation import THIN_SLICES, stored
from spine.anatomy.labels import DISC_LABELS
from spine.imaging.volume import Volume

# Half are isotropic slabs, as of the real patients that readers graded.
PROTOCOLS = (LUMBAR_T2_SPACE, LUMBAR_T2_SPACE, LUMBAR_T2, LUMBAR_T2_PHILIPS)
PIXEL_MM = 0.8
AGE_RANGE_YEARS = (20.0, 80.0)


def render_grading_cohort(cohort: Path, seeds: Sequence[int], workers: int = 1) -> None:
    """Render a view a subject with the grades of every disc in it; what is there is kept.

    Ages are uniform, so that high and low grades are seen at every level. Contrast is that of
    the protocol: a grade is read from it.

    Parameters
    ----------
    workers : processes, one subject each at a time
    """
    work = partial(_render, cohort)
    for _ in tqdm(each(work, seeds, workers), cohort.name, len(seeds), mininterval=5):
        pass


def _render(cohort: Path, seed: int) -> None:
    name = f"g{seed:07}"
    if (cohort / name / TRUTH_FILE).exists():
        return
    rng = np.random.default_rng([seed, 15])
    person = subject(seed, age_years=float(rng.uniform(*AGE_RANGE_YEARS)))
    rendering = render(person, _protocol(rng), rng, sub_slices=1)
    in_view = set(np.unique(rendering.labels.data))
    levels = {disc.level for disc in person.discs if DISC_LABELS[disc.level] in in_view}
    record = SubjectRecord(name, person.age_years, person.sex, grades_of(person, levels))
    volume = Volume(stored(rendering.volume.data, rng), rendering.volume.affine)
    write_subject(cohort, record, volume, rendering.labels)


def _protocol(rng: np.random.Generator) -> Protocol:
    drawn = PROTOCOLS[int(rng.integers(len(PROTOCOLS)))]
    protocol = coarser(randomized(drawn, rng), PIXEL_MM)
    if drawn is not LUMBAR_T2_SPACE:
        return protocol
    return replace(protocol, slices=int(rng.integers(*THIN_SLICES)))
