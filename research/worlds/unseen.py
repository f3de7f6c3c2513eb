"""Subjects that no segmentation net was trained on: whole spines, and views that are hard to name.

Contrast and shading are a scanner's own, unlike those of the training cohort.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from phantom.protocols import (
    CERVICAL_T2,
    LUMBAR_T2,
    LUMBAR_T2_PHILIPS,
    WHOLE_SPINE_T2,
    WHOLE_SPINE_T2_PHILIPS,
    Protocol,
    coarser,
    randomized,
)
from phantom.rendering import render
from phantom.subjects import subject
from research.cohort import TRUTH_FILE, SubjectRecord, write_subject
from research.worlds.segmentation import PIXEL_MM
from spine.imaging.volume import Volume

WHOLE, TRUNCATED = "whole", "truncated"
# The target's own ranges: turned up to 15 degrees, slices of 1.5 to 5 mm, four levels of noise.
TILT_DEGREES = 15.0
THICKNESS_MM = (1.5, 5.0)
NOISE_LEVELS = (0.0, 0.03, 0.06, 0.1)
"""SD of the noise added to each channel, relative to the 99th percentile of the image."""
_WIDTH_MM = 50.0
_WHOLE_VIEWS = (WHOLE_SPINE_T2, WHOLE_SPINE_T2_PHILIPS)
_TRUNCATED_VIEWS = (LUMBAR_T2, LUMBAR_T2_PHILIPS, CERVICAL_T2)


def render_unseen(cohort: Path, seeds: Iterable[int]) -> None:
    """Render one whole and one truncated view of each subject; what is there already is kept.

    Parameters
    ----------
    cohort : gets two folders a subject, ``<seed>_whole`` and ``<seed>_truncated``
    seeds : apart from those of every training cohort
    """
    planned: dict[str, Callable[[np.random.Generator], tuple[Protocol, float]]]
    planned = {WHOLE: _whole, TRUNCATED: _truncated}
    for seed in tqdm(seeds, desc=cohort.name, mininterval=5):
        for number, (view, plan) in enumerate(planned.items()):
            name = f"{seed:06d}_{view}"
            if not (cohort / name / TRUTH_FILE).exists():
                _render(cohort, name, seed, plan, np.random.default_rng([seed, 11, number]))


def with_noise(
    data: NDArray[np.float32], level: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the magnitude of an image with noise in both channels, see `NOISE_LEVELS`."""
    spread = level * float(np.percentile(data, 99))
    real = data + rng.normal(0, spread, data.shape)
    magnitude: NDArray[np.float32] = np.hypot(real, rng.normal(0, spread, data.shape))
    return magnitude.astype(np.float32)


def _render(
    cohort: Path,
    name: str,
    seed: int,
    plan: Callable[[np.random.Generator], tuple[Protocol, float]],
    rng: np.random.Generator,
) -> None:
    person = subject(seed)
    protocol, noise = plan(rng)
    rendering = render(person, coarser(protocol, PIXEL_MM), rng, sub_slices=1)
    seen = rendering.volume
    volume = Volume(with_noise(seen.data, noise, rng), seen.affine) if noise else seen
    record = SubjectRecord(name, person.age_years, person.sex, {})
    write_subject(cohort, record, volume, rendering.labels)


def _whole(rng: np.random.Generator) -> tuple[Protocol, float]:
    return _WHOLE_VIEWS[int(rng.integers(len(_WHOLE_VIEWS)))], 0.0


def _truncated(rng: np.random.Generator) -> tuple[Protocol, float]:
    """Vary a regional view's extent, turn it, and draw its slices and noise."""
    protocol = randomized(_TRUNCATED_VIEWS[int(rng.integers(len(_TRUNCATED_VIEWS)))], rng)
    thickness = float(rng.uniform(*THICKNESS_MM))
    turned = replace(
        protocol,
        tilt_degrees=float(rng.uniform(-TILT_DEGREES, TILT_DEGREES)),
        slice_thickness_mm=thickness,
        slice_spacing_mm=1.1 * thickness,
        slices=max(3, round(_WIDTH_MM / (1.1 * thickness))),
    )
    return turned, NOISE_LEVELS[int(rng.integers(len(NOISE_LEVELS)))]
