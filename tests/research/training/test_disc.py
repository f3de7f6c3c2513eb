from dataclasses import replace

import numpy as np
import pytest
import torch

from research.cohort import SubjectRecord, write_subject
from research.training.disc import (
    SETTINGS,
    DiscExamples,
    DiscRun,
    augment_region,
    disc_examples,
    train_disc,
)
from spine.anatomy.grades import Scale
from spine.anatomy.labels import CSF, DISC_LABELS, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level
from spine.imaging.volume import LabelMap, Volume
from spine.networks.vgg_m import VGGMWidths

pytestmark = pytest.mark.slow

LUMBAR = [Level.L1, Level.L2, Level.L3, Level.L4, Level.L5, Level.S1]


def column():
    """A straight lumbar spine of blocks: bodies 27 mm, discs 9 mm, canal behind."""
    affine = np.diag([3.0, 1.5, 1.5, 1.0])
    labels = np.zeros((15, 70, 150), dtype=np.uint8)
    labels[5:10, 18:26] = CSF
    for rank, level in enumerate(LUMBAR):
        bottom = 126 - 24 * rank
        labels[2:13, 28:50, bottom : bottom + 18] = VERTEBRA_LABELS[level]
        if level is not Level.S1:
            disc = DiscLevel.between(level, LUMBAR[rank + 1])
            labels[2:13, 28:50, bottom - 6 : bottom] = DISC_LABELS[disc]
    data = np.random.default_rng(0).random(labels.shape).astype(np.float32)
    return Volume(data + labels, affine), LabelMap(labels, affine)


def test_every_graded_lumbar_disc_becomes_an_example(tmp_path):
    pair = {Scale.PFIRRMANN: (2, 3), Scale.BULGING: (0, 1), Scale.SCHNEIDERMAN: (1, 1)}
    grades = {DiscLevel.L2_L3: pair, DiscLevel.L4_L5: pair, DiscLevel.T11_T12: pair}
    record = SubjectRecord("s1", 50.0, "F", grades)
    write_subject(tmp_path, record, *column())

    examples = disc_examples(tmp_path, (record,))

    assert examples.inputs.shape == (2, 9, 96, 128)
    assert examples.grades[Scale.PFIRRMANN].tolist() == [[2, 3], [2, 3]]
    assert examples.targets(Scale.PFIRRMANN).targets.tolist() == [2, 2]
    assert examples.targets(Scale.BULGING).targets.tolist() == [1, 1]


def planted(count, seed):
    """Discs whose brightness is their follow-up grade."""
    rng = np.random.default_rng(seed)
    grades = {scale: [] for scale in Scale}
    inputs = rng.normal(0, 0.2, size=(count, 9, 96, 128)).astype(np.float32)
    for region in inputs:
        grade = int(rng.integers(0, 2))
        region[:, 30:60, 30:90] += 3 * grade - 1.5
        for scale in Scale:
            lowest = int(min(scale.grades))
            grades[scale].append((lowest, lowest + grade))
    return DiscExamples(inputs, {scale: np.array(pairs) for scale, pairs in grades.items()})


def test_planted_progression_is_recovered(tmp_path):
    settings = replace(SETTINGS, epochs=12, batch_size=8, learning_rate=1e-3)
    parts = planted(24, 0), planted(8, 1), planted(8, 2)

    result = train_disc(
        Scale.PFIRRMANN, parts, settings, DiscRun(tmp_path), VGGMWidths((16,) * 5, 64)
    )

    figures = {metric.name: metric.value for metric in result.metrics}
    assert figures["progression accuracy, network"] == 1.0
    assert figures["progression accuracy, baseline grade alone"] < 1.0


def test_augmentation_is_reproducible_and_keeps_the_shape():
    region = torch.from_numpy(np.random.default_rng(0).normal(size=(9, 96, 128)).astype(np.float32))

    first, again, other = (
        augment_region(region, np.random.default_rng(seed)) for seed in (4, 4, 5)
    )

    assert torch.equal(first, again)
    assert first.shape == region.shape
    assert first.dtype == torch.float32
    assert not torch.equal(first, other)
    assert float(first.mean()) == pytest.approx(float(region.mean()), abs=0.2)
