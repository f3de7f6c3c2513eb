"""The virtual cohort on which the segmentation network is trained: domain-randomized views."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from phantom.protocols import (
    CERVICAL_T2,
    LUMBAR_T2,
    LUMBAR_T2_PHILIPS,
    LUMBAR_T2_SPACE,
    WHOLE_SPINE_T2,
    WHOLE_SPINE_T2_PHILIPS,
    Protocol,
    coarser,
    randomized,
)
from phantom.rendering import render
from phantom.subjects import subject
from research.cohort import TRUTH_FILE, SubjectRecord, write_subject
from spine.imaging.volume import LabelMap, Volume

# The fine net sees pixels of 0.9 mm: finer ones only cost time, coarser ones would blur.
PIXEL_MM = 0.9
# Shares are a choice: whole spines are the service's main input, lumbar views the real test data.
VIEWS: dict[str, tuple[float, tuple[Protocol, ...]]] = {
    "whole": (0.4, (WHOLE_SPINE_T2, WHOLE_SPINE_T2_PHILIPS)),
    "lumbar": (0.2, (LUMBAR_T2, LUMBAR_T2_PHILIPS)),
    "space": (0.25, (LUMBAR_T2_SPACE,)),
    "cervical": (0.15, (CERVICAL_T2,)),
}
# Lumbar volumes of the real patients have 15 to 30 slices (docs/anatomy.md, 5).
THIN_SLICES = (15, 40)


def render_segmentation_cohort(cohort: Path, seeds: Iterable[int]) -> None:
    """Render one view a subject; what is there already is kept.

    Parameters
    ----------
    cohort : gets one folder a case, ``<seed>_<view>``
    seeds : of subjects and of everything else drawn for their case
    """
    for seed in tqdm(seeds, desc=cohort.name, mininterval=5):
        rng = np.random.default_rng([seed, 7])
        view = str(rng.choice(list(VIEWS), p=[share for share, _ in VIEWS.values()]))
        name = f"{seed:06d}_{view}"
        if not (cohort / name / TRUTH_FILE).exists():
            drawn, rendering = render_view(seed, view, rng)
            write_subject(cohort, SubjectRecord(name, *drawn, {}), *rendering)


def render_view(
    seed: int, view: str, rng: np.random.Generator
) -> tuple[tuple[float, str], tuple[Volume, LabelMap]]:
    """Render one view of one subject with contrast, shading, noise and geometry at random."""
    person = subject(seed)
    protocols = VIEWS[view][1]
    rendering = render(
        person,
        _protocol(view, protocols[int(rng.integers(len(protocols)))], rng),
        rng,
        randomize=True,
        sub_slices=1,
    )
    volume = Volume(stored(rendering.volume.data, rng), rendering.volume.affine)
    return (person.age_years, person.sex), (volume, rendering.labels)


def stored(data: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Cut off dark and bright ends as 8-bit exports do.

    In the real patients a floor was subtracted, and 9 of 24 are saturated with 2
    to 6% of voxels at the top (docs/anatomy.md, 5, limits a and b).
    """
    floor = float(np.percentile(data, rng.uniform(0, 30))) if rng.random() < 0.5 else 0.0
    share = rng.uniform(92.0, 99.0) if rng.random() < 0.4 else 99.9
    top = float(np.percentile(data, share))
    scaled: NDArray[np.float32] = np.clip((data - floor) / max(top - floor, 1e-3), 0, 1) * 255
    return scaled.astype(np.float32)


def _protocol(view: str, protocol: Protocol, rng: np.random.Generator) -> Protocol:
    drawn = randomized(protocol, rng)
    if view != "space":
        return coarser(drawn, PIXEL_MM)
    slices = int(rng.integers(*THIN_SLICES))
    return replace(coarser(drawn, PIXEL_MM), slices=slices)
