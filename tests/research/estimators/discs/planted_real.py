"""A small data set in the form of merged SPIDER, and graders of its discs; no image is read."""

import numpy as np

from research.estimators.discs.gradings import gradings_file
from research.estimators.discs.real_discs import read_real_discs
from spine.anatomy.grades import Scale

PATIENTS, DISCS, FOLDS = 12, 6, 4


def write_planted(folder):
    """Discs wear with age and downwards; the files of images are empty."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    people = ["subject,age_years,sex"]
    lines = ["Patient,IVD label,Disc herniation,Disc bulging,Pfirrman grade"]
    for patient in range(1, PATIENTS + 1):
        age = 20 + 5 * patient
        people.append(f"{patient},{age},F")
        for name in ("image", "labels"):
            (folder / f"{patient}_{name}.nii.gz").write_bytes(b"")
        for rank in range(1, DISCS + 1):
            worn = (age - 50) / 15 - (rank - 3) / 2 + rng.normal(0, 0.8)
            grade = int(np.clip(np.rint(3 + worn), 1, 5))
            lines.append(f"{patient},{rank},0,{int(worn + rng.normal(0, 0.7) > 0)},{grade}")
    (folder / "subjects.csv").write_text("\n".join(people) + "\n")
    (folder / "gradings.csv").write_text("\n".join(lines) + "\n")


def read_planted(folder):
    return read_real_discs(folder)


def grade(known, run, right):
    """Write what graders say who are right in a share of the discs, and else say any grade."""
    rng = np.random.default_rng(7)
    truths = {Scale.PFIRRMANN: known.pfirrmann - 1, Scale.BULGING: _two_or_more(known, rng)}
    for scale, place in truths.items():
        classes = 5 if scale is Scale.PFIRRMANN else 3
        said = np.where(rng.random(len(known)) < right, place, rng.integers(0, classes, len(known)))
        lines = [",".join(["patient_id,level,fold,grade", *(f"p{n}" for n in range(classes))])]
        for row in range(len(known)):
            shares = np.full(classes, 0.2 / classes) + 0.8 * (np.arange(classes) == said[row])
            fold = int(known.patient[row]) % FOLDS
            named = (known.patient[row], known.level[row], fold, place[row] + min(scale.grades))
            lines.append(",".join(map(str, (*named, *shares))))
        (run / gradings_file(scale)).write_text("\n".join(lines) + "\n")


def _two_or_more(known, rng):
    """A herniation makes of some bulging discs "2 or more"."""
    return known.bulging + (known.bulging & (rng.random(len(known)) < 0.2))
