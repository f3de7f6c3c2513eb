"""Small spines on disk whose texture grows with age, for tests of the age training."""

import numpy as np

from research.cohort import SubjectRecord, write_subject
from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level
from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.age import AgeSpec

SPEC = AgeSpec(spacing_mm=(3.0, 8.0, 8.0), shape=(14, 32, 32))


def spine_of(number, age):
    """Return an image and its labels: L4, the disc below it, T5."""
    rng = np.random.default_rng(number)
    data = (50 + age * rng.random((10, 20, 24))).astype(np.float32)
    labels = np.zeros(data.shape, dtype=np.uint8)
    labels[3:7, 8:12, 2:10] = VERTEBRA_LABELS[Level.L4]
    labels[3:7, 8:12, 10:12] = DISC_LABELS[DiscLevel.L4_L5]
    labels[3:7, 8:12, 12:22] = VERTEBRA_LABELS[Level.T5]
    affine = np.diag([4.0, 10.0, 9.0, 1.0])
    return Volume(data, affine), LabelMap(labels, affine)


def write_part(folder, count, first=0):
    """Write subjects of 25 to 85 years, every one a person."""
    records = []
    for number in range(first, first + count):
        age = 25.0 + 60 * (number - first) / count
        record = SubjectRecord(f"s{number:03}", age, "F", {}, scanner="S1", clinic="A")
        write_subject(folder, record, *spine_of(number, age))
        records.append(record)
    return tuple(records)
