import csv
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from research.cli import app
from research.followups import FOLLOWUPS_FILE, check_images, read_followups
from research.worlds.progression.cohort import (
    FOLLOWUP_IMAGE_FILE,
    ORACLE_FILE,
    READERS_FILE,
    CohortPlan,
    render_progression_cohort,
)
from research.worlds.progression.images import render_baseline
from research.worlds.progression.people import draw_people
from spine.anatomy.grades import Scale
from spine.anatomy.labels import DISC_LABELS
from spine.anatomy.levels import DiscLevel
from spine.imaging import nifti

pytestmark = pytest.mark.slow

PLAN = CohortPlan(people=1, seed=3, with_followup=True)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("progression")
    render_progression_cohort(folder, PLAN, workers=1)
    return folder


def test_a_rendered_cohort_is_a_valid_table_with_images_of_both_examinations(rendered):
    rows = read_followups(rendered / FOLLOWUPS_FILE)

    check_images(rendered, rows)
    assert len(rows) == 15
    volume = nifti.read_volume(rendered / rows[0].patient_id / "image.nii")
    assert volume.data.shape[1:] == (448, 448)
    later = nifti.read_volume(rendered / rows[0].patient_id / FOLLOWUP_IMAGE_FILE)
    assert not np.array_equal(later.data, volume.data)
    labels = nifti.read_labels(rendered / rows[0].patient_id / "labels.nii")
    assert {DISC_LABELS[row.level] for row in rows} <= set(np.unique(labels.data))


def test_the_oracle_stands_apart_and_its_chances_are_those_of_progression(rendered):
    trainers_see = (rendered / FOLLOWUPS_FILE).read_text()
    with (rendered / ORACLE_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert "p_progress" not in trainers_see
    assert len(rows) == 15
    for row in rows:
        chances = [float(row[f"p{number}"] or 0) for number in range(5) if row[f"p{number}"]]
        lowest = int(min(Scale(row["scale"]).grades))
        above = sum(chances[int(row["baseline"]) - lowest + 1 :])
        assert sum(chances) == pytest.approx(1, abs=1e-5)
        assert float(row["p_progress"]) == pytest.approx(above, abs=1e-5)
    assert len((rendered / READERS_FILE).read_text().splitlines()) == 16


def test_who_is_there_is_not_rendered_again(rendered):
    image = rendered / "v3-00000" / "image.nii"
    written = image.stat().st_mtime_ns

    render_progression_cohort(rendered, PLAN, workers=1)

    assert image.stat().st_mtime_ns == written


def test_a_folder_of_another_cohort_is_left_alone(rendered):
    table = (rendered / FOLLOWUPS_FILE).read_bytes()
    with pytest.raises(ValueError, match="another cohort"):
        render_progression_cohort(rendered, replace(PLAN, seed=4), workers=1)

    assert (rendered / FOLLOWUPS_FILE).read_bytes() == table

    arguments = ["cohort", "progression", str(rendered), "--people", "1", "--seed", "5"]
    assert CliRunner().invoke(app, arguments).exit_code == 3


def disc_signals(people):
    """Mean signal of L3/L4 over that of the vertebra above, and its height in mm."""
    rendering = render_baseline(people, 0)
    inside = rendering.labels.data == DISC_LABELS[DiscLevel.L3_L4]
    middle = inside[inside.shape[0] // 2]
    height = np.median(middle.sum(axis=1)[middle.any(axis=1)]) * 0.625
    return float(rendering.volume.data[inside].mean()), float(height)


def with_discs(schneiderman, pfirrmann, sign):
    people = draw_people(1, 3)
    for scale, grade in ((Scale.SCHNEIDERMAN, schneiderman), (Scale.PFIRRMANN, pfirrmann)):
        people.courses[scale].baseline[0] = grade
    people.courses[Scale.PFIRRMANN].sign[0] = sign
    return people


def test_grades_and_courses_show_in_the_image():
    bright, high = disc_signals(with_discs(1, 1, -2.0))
    void, _ = disc_signals(with_discs(3, 1, -2.0))
    dark, low = disc_signals(with_discs(1, 4, 2.0))

    assert void < 0.7 * bright
    assert dark < 0.7 * bright
    # The grade alone would leave 83 % of the height.
    assert low < 0.65 * high
