import numpy as np
import pytest

from research.validation.discs.visibility import World, other_worlds, visible_shares
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort, write
from tests.research.validation.discs.planted_oracle import write_oracle


def test_the_stated_world_lets_its_oracle_reach_91_to_93_percent():
    frame = visible_shares().frame.set_index(["world", "scale"])["oracle's accuracy, %"]

    assert len(frame) == 9
    assert frame["stated"].between(91, 93).all()
    assert (frame["low"] < frame["stated"]).all()
    assert (frame["stated"] < frame["high"]).all()


def test_a_run_is_measured_against_the_oracle_of_its_own_world(tmp_path):
    discs = cohort(Scale.BULGING, patients=60)
    write(discs, tmp_path / "predictions-bulging.csv")
    for name, sight in (("dim", 0.3), ("clear", 0.95)):
        (tmp_path / name).mkdir()
        write_oracle(tmp_path / name / "oracle.csv", discs, sight=sight)

    worlds = [World(tmp_path, tmp_path / name) for name in ("dim", "clear")]
    frame = other_worlds(worlds, 50, np.random.default_rng(0)).frame

    assert frame["row"].tolist() == ["model", "baseline grade only", "oracle", "skill"] * 2
    dim, clear = (frame.iloc[start : start + 4].set_index("row") for start in (0, 4))
    assert dim.at["model", "AUC"].split()[0] == clear.at["model", "AUC"].split()[0]
    skills = [float(one.at["skill", "Brier"].split()[0]) for one in (dim, clear)]
    # The same model is nearer to the oracle that sees less.
    assert skills[0] > skills[1] > 0
    assert skills[1] == pytest.approx(0.6, abs=0.2)
