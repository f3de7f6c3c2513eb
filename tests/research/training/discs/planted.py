"""Small cohorts whose regions are already cut: a planted brightness stands for the course."""

import json
from datetime import date

import numpy as np
import pytest

from research.cohort import IMAGE_FILE, LABELS_FILE
from research.followups import FOLLOWUPS_FILE, Followup, write_followups
from research.training.discs.graded_regions import middle_spec
from research.training.discs.regions import default_spec, made_by_of, regions_path
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel

SHAPE = (9, 96, 128)
LEVELS = (DiscLevel.L4_L5, DiscLevel.L5_S1)


def planted_rows(patients):
    """Two discs a patient; bulging 0 at baseline and 0, 1, 2 in turn at follow-up."""
    return [
        Followup(
            line=2 + 2 * number + place,
            patient_id=f"p{number:03}",
            level=level,
            scale=Scale.BULGING,
            baseline=0,
            followup=(number + place) % 3,
            sex="F",
            age_years=50.0,
            bmi=22.0,
            institution="A",
            baseline_on=date(2010, 1, 1),
            followup_on=date(2015, 1, 1),
        )
        for number in range(patients)
        for place, level in enumerate(LEVELS)
    ]


def make_cohort(folder):
    """Write thirty patients; each region is as bright as its follow-up grade."""
    folder.mkdir()
    rows = planted_rows(30)
    write_followups(rows, folder / FOLLOWUPS_FILE)
    rng = np.random.default_rng(0)
    inputs = rng.normal(0, 0.3, (len(rows), *SHAPE)).astype(np.float16)
    index = ["patient_id,level,cut"]
    for place, row in enumerate(rows):
        (folder / row.patient_id).mkdir(exist_ok=True)
        for name in (IMAGE_FILE, LABELS_FILE):
            (folder / row.patient_id / name).touch()
        inputs[place, :, 32:64, 32:96] += 2 * row.followup - 2
        index.append(f"{row.patient_id},{row.level},1")
    for spec in (default_spec(swap_axes=False), middle_spec()):
        path = regions_path(folder, spec)
        np.save(path, inputs)
        path.with_suffix(".csv").write_text("\n".join(index) + "\n")
        made_by = made_by_of(folder, rows, spec)
        path.with_suffix(".json").write_text(json.dumps(made_by, indent=1) + "\n")
    return folder


@pytest.fixture
def cohort(tmp_path):
    return make_cohort(tmp_path / "cohort")
