"""Signal, noise and determinism."""

import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from phantom.protocols import (
    LUMBAR_STIR,
    LUMBAR_T1,
    LUMBAR_T2,
    LUMBAR_T2_SPACE,
    WHOLE_SPINE_T2,
    Contrast,
    coarser,
)
from phantom.realism import statistics
from phantom.rendering import render
from phantom.signals import Tissue, palette, randomized_palette
from phantom.subjects import subject
from phantom.tissues import merged, tissues
from phantom.variants import Variant
from spine.anatomy.labels import CSF, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level

pytestmark = pytest.mark.slow


def test_t2_tissues_rank_as_in_patients():
    colors = palette(LUMBAR_T2)
    marrow = colors.marrow(0.4)
    assert 2.8 < colors[Tissue.CSF] / marrow < 5.4
    assert 0.1 < colors[Tissue.MUSCLE] / marrow < 0.6
    assert colors[Tissue.FAT] > marrow
    nuclei = [colors.nucleus(grade) for grade in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert (np.diff(nuclei) < 0).all()
    assert nuclei[0] > marrow > nuclei[3]


def test_t1_shows_fat_bright_and_fluid_dark():
    colors = palette(LUMBAR_T1)
    assert colors[Tissue.FAT] > colors[Tissue.MUSCLE] > colors[Tissue.CSF] * 0.9


def test_stir_nulls_fat_and_shows_edema():
    colors = palette(LUMBAR_STIR)
    assert colors[Tissue.FAT] < 0.35 * colors[Tissue.MUSCLE]
    assert colors[Tissue.EDEMA] > 2 * colors[Tissue.MUSCLE]


def test_randomized_palettes_vary_and_keep_air_black():
    drawn = [randomized_palette(LUMBAR_T2, np.random.default_rng(n)) for n in range(40)]
    ratios = [colors.marrow(0.4) / colors[Tissue.CSF] for colors in drawn]
    assert np.std(np.log(ratios)) > 0.3
    assert all(colors[Tissue.AIR] == 0 for colors in drawn)


def test_degenerated_discs_are_darker():
    protocol = coarser(LUMBAR_T2, 1.25)
    ratios = []
    for age in (22, 80):
        someone = subject(31, age_years=age, gap_years=0.0, variant=Variant())
        seen = render(someone, protocol, np.random.default_rng(5), sub_slices=1)
        found = seen.volume.data[seen.labels.data == 94]
        body = seen.volume.data[seen.labels.data == VERTEBRA_LABELS[Level.L3]]
        ratios.append(np.median(found) / np.median(body))
    now, then = (subject(31, age_years=age, gap_years=0.0) for age in (22, 80))
    assert then.disc(DiscLevel.L3_L4).severity > now.disc(DiscLevel.L3_L4).severity
    assert ratios[1] < ratios[0]


def test_image_statistics_lie_in_the_range_of_real_patients():
    # ranges: SPIDER, 24 patients, as measured by phantom.gallery
    protocol = replace(LUMBAR_T2_SPACE, slices=9)
    seen = render(subject(100, age_years=50), protocol, np.random.default_rng(1), sub_slices=1)
    found = statistics(tissues(seen.volume, merged(seen.labels)))
    ranges = {
        "disc / vertebra": (0.176, 1.13),
        "CSF (canal p90) / vertebra": (2.8, 5.4),
        "posterior elements / vertebra": (0.75, 1.31),
        "CV within a body": (0.19, 0.34),
        "CV disc": (0.50, 0.79),
        "length vertebra AP, mm": (0.89, 2.0),
        "neighbors vertebra AP": (0.77, 0.92),
        "diagonal differences in vertebra": (0.013, 0.060),
    }
    for name, (low, high) in ranges.items():
        assert low <= found[name] <= high, name


def test_noise_is_rician_in_air():
    protocol = coarser(LUMBAR_T2, 1.5)
    seen = render(subject(12, age_years=40), protocol, np.random.default_rng(8), sub_slices=1)
    corner = seen.volume.data[:, :6, :40]
    assert corner.min() >= 0
    # Rayleigh: mean over SD is 1.91; k-space filtering leaves that ratio alone
    assert corner.mean() / corner.std() == pytest.approx(1.91, rel=0.12)


def test_rendering_leaves_the_global_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (that it is untouched is the test)
    render(subject(1), coarser(LUMBAR_T2, 4.0), np.random.default_rng(0), sub_slices=1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_other_noise_same_labels():
    protocol = replace(coarser(LUMBAR_T2, 3.0), contrast=Contrast.T2)
    first, second = (
        render(subject(2, age_years=30), protocol, np.random.default_rng(n), sub_slices=1)
        for n in (1, 1)
    )
    np.testing.assert_array_equal(first.labels.data, second.labels.data)
    third = render(subject(2, age_years=30), protocol, np.random.default_rng(2), sub_slices=1)
    assert not np.array_equal(first.volume.data, third.volume.data)


def test_native_whole_spine_renders_within_five_cpu_seconds(capsys):
    someone = subject(3)
    render(someone, coarser(WHOLE_SPINE_T2, 8.0), np.random.default_rng(0))  # textures once
    start = time.process_time()
    seen = render(someone, WHOLE_SPINE_T2, np.random.default_rng(0))
    seconds = time.process_time() - start
    with capsys.disabled():
        sys.stdout.write(f"\nnative 14 x 384 x 793 with labels: {seconds:.1f} CPU-s\n")
    assert seen.volume.data.shape == (14, 384, 793)
    assert CSF in seen.labels.data
    assert seconds <= 5
