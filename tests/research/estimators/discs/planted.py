"""Discs whose course is drawn from P2's printed tables, and a network that sees part of it."""

import numpy as np

from research.estimators.discs.predictions import Predictions
from spine.anatomy.grades import Scale

LEVELS = ("L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1")
# P2, Tables 2 and 3: follow-up marginals, and the baseline given each follow-up grade.
JOINTS = {
    Scale.SCHNEIDERMAN: (
        (6.4, 51.0, 39.2, 3.4),
        ((92.8, 4.2, 2.6, 0.4), (85.1, 9.4, 4.6, 0.9), (23.6, 27.8, 38.6, 10.0),
         (2.2, 3.5, 25.3, 69.0)),
    ),
    Scale.BULGING: (
        (60.3, 38.0, 1.5, 0.2),
        ((95.8, 4.2, 0.0, 0.0), (57.4, 41.1, 1.5, 0.0), (39.1, 54.5, 5.5, 0.9),
         (10.0, 50.0, 40.0, 0.0)),
    ),
    Scale.PFIRRMANN: (
        (0.8, 35.0, 32.9, 29.4, 1.9),
        ((1.9, 87.0, 11.1, 0.0, 0.0), (0.5, 48.3, 49.3, 1.9, 0.0), (0.0, 16.3, 64.9, 18.8, 0.0),
         (0.0, 4.0, 20.3, 74.9, 0.8), (0.0, 0.8, 3.8, 73.1, 22.3)),
    ),
}  # fmt: skip


def joint(scale):
    """Shares of discs by baseline and follow-up grade."""
    marginal, given = (np.array(part) for part in JOINTS[scale])
    table = (given * marginal[:, None]).T
    return table / table.sum()


def discs_of_joint(scale, size=50_000, folds=5):
    """Discs in the very proportions of the joint, alike in every fold; few patients a fold."""
    counts = np.rint(joint(scale) * size / folds).astype(int)
    baseline, followup = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(
        counts.shape))  # fmt: skip
    fold = np.repeat(np.arange(folds), len(baseline))
    return _predictions(scale, np.tile(baseline, folds), np.tile(followup, folds), fold)


def cohort(scale, seed=0, patients=200, sight=0.6):
    """Five discs a patient; the network knows the follow-up grade in a share of them."""
    rng = np.random.default_rng(seed)
    table = joint(scale)
    drawn = rng.choice(table.size, size=patients * 5, p=table.ravel())
    baseline, followup = np.unravel_index(drawn, table.shape)
    shares = table[baseline] / table[baseline].sum(axis=1, keepdims=True)
    seen = rng.random(len(followup)) < sight
    shares = np.where(seen[:, None], 0.9 * np.eye(len(table))[followup] + 0.1 * shares, shares)
    fold = np.repeat(np.arange(patients) % 5, 5)
    return _predictions(scale, baseline, followup, fold, shares, rng)


def _predictions(scale, baseline, followup, fold, shares=None, rng=None):
    size, first = len(baseline), int(min(scale.grades))
    rng = np.random.default_rng(0) if rng is None else rng
    several = shares is not None
    patient = np.arange(size) // 5 if several else fold * 20 + np.arange(size) % 20
    each = rng.uniform(18, 65, size=size)[patient]
    if shares is None:
        shares = np.full((size, len(scale.grades)), 1 / len(scale.grades))
    return Predictions(
        scale=scale,
        patient=np.char.add("p", patient.astype(str)),
        level=np.array(LEVELS)[np.arange(size) % 5],
        fold=fold,
        sex=np.where(patient % 5 < 2, "M", "F"),
        age_years=each,
        bmi=rng.normal(23.1, 3.5, size=size)[patient],
        institution=np.array(["A", "B", "C"])[patient % 3],
        baseline=baseline + first,
        followup=followup + first,
        probabilities=shares,
        uncalibrated=shares,
    )


def write(predictions, path):
    """Write the table as a training writes it."""
    facts = ("sex", "age_years", "bmi", "institution", "baseline", "followup")
    classes = predictions.probabilities.shape[1]
    letters = [f"{letter}{n}" for letter in "pq" for n in range(classes)]
    lines = [",".join(["patient_id", "level", "scale", "fold", *facts, *letters])]
    for row in range(len(predictions)):
        cells = [predictions.patient[row], predictions.level[row], predictions.scale.value]
        cells += [predictions.fold[row], *(getattr(predictions, name)[row] for name in facts)]
        cells += [*predictions.probabilities[row], *predictions.uncalibrated[row]]
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")
    return path
