"""An oracle's file for planted discs: it knows part of every course."""

import csv

import numpy as np

from tests.research.estimators.discs.planted import joint


def oracle_shares(predictions, sight=0.5):
    """Shares of follow-up grades, given the baseline grade and part of the course."""
    table = joint(predictions.scale)
    first = predictions.grades[0]
    by_baseline = table[predictions.baseline - first]
    by_baseline = by_baseline / by_baseline.sum(axis=1, keepdims=True)
    return (1 - sight) * by_baseline + sight * np.eye(len(table))[predictions.followup - first]


def write_oracle(path, *studies, sight=0.5):
    """Write a row a disc and scale, as a virtual cohort does."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["patient_id", "level", "scale", "baseline", "p_progress", *(f"p{n}" for n in range(5))]
        )
        for one in studies:
            shares = oracle_shares(one, sight)
            progress = (shares * (one.grades > one.baseline[:, None])).sum(axis=1)
            for row in range(len(one)):
                named = (one.patient[row], one.level[row], one.scale.value, one.baseline[row])
                rest = [""] * (5 - len(one.grades))
                writer.writerow([*named, progress[row], *shares[row], *rest])
    return path
