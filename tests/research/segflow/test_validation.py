from pathlib import Path
from statistics import mean

import numpy as np
import pytest

from research.measurements import Data
from research.segflow.images import read_work_image
from research.segflow.prediction import by_votes
from research.segflow.validation import CaseDice, dice, measurements, score
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap, Volume

# Measured: mean 0.792, worst 0.669 (docs/adr/0033); floors a little below.
FLOOR_MEAN = 0.76
FLOOR_WORST = 0.60


def test_dice_of_hand_made_masks():
    first = np.array([[[1, 1, 1, 0]]], dtype=bool)
    second = np.array([[[0, 1, 1, 1]]], dtype=bool)

    assert dice(first, second) == pytest.approx(2 * 2 / 6)


def test_images_seen_and_not_seen_are_told_apart():
    scores = [
        CaseDice("a", trained_on=True, votes=0.7, network=0.9),
        CaseDice("b", trained_on=True, votes=0.5, network=0.8),
        CaseDice("c", trained_on=False, votes=0.6, network=0.4),
    ]

    rows = {row.name: row for row in measurements(scores)}

    assert rows["rules and votes: Dice vertebra, mean"].value == pytest.approx(0.6)
    seen = rows["network, images seen without labels: Dice vertebra, mean"]
    assert (seen.value, seen.n, seen.met) == (pytest.approx(0.85), 2, True)
    unseen = rows["network, images not seen: Dice vertebra, worst"]
    assert (unseen.value, unseen.n, unseen.data) == (0.4, 1, Data.REAL)


def test_without_a_network_its_target_is_missed():
    rows = measurements([CaseDice("a", trained_on=False, votes=0.7, network=None)])

    assert [row.met for row in rows if row.target is not None] == [False]


def test_image_without_a_spine_scores_zero(tmp_path):
    noise = np.random.default_rng(0).normal(100, 5, (5, 160, 200)).astype(np.float32)
    nifti.write(Volume(noise, np.eye(4)), tmp_path / "a_image.nii.gz")
    nifti.write(
        LabelMap(np.ones(noise.shape, dtype=np.uint8), np.eye(4)), tmp_path / "a_labels.nii.gz"
    )

    (only,) = score(tmp_path / "no run", tmp_path)

    assert only == CaseDice("a", trained_on=False, votes=0.0, network=None)


@pytest.mark.slow
def test_rules_keep_their_dice_on_real_patients(real_data: Path, record_property):
    values = []
    # Every third: `validate segflow` takes all of them.
    for path in sorted(real_data.glob("*_labels.nii.gz"))[::3]:
        case = path.name.removesuffix("_labels.nii.gz")
        reference = canonical(nifti.read_labels(path)).data == 1
        values.append(dice(by_votes(read_work_image(real_data, case)), reference))

    summary = f"mean {mean(values):.3f}, worst {min(values):.3f} of {len(values)} patients"
    record_property("real lumbar MR, vertebra Dice of rules without labels", summary)
    assert mean(values) > FLOOR_MEAN
    assert min(values) > FLOOR_WORST
