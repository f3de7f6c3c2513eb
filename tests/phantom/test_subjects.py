import json

import numpy as np
import pytest

from phantom.curve import build_skeleton
from phantom.subjects import subject
from phantom.variants import Variant
from spine.anatomy.levels import DiscLevel, Level

pytestmark = pytest.mark.slow


def test_same_arguments_give_the_same_subject():
    assert subject(11) == subject(11)
    assert subject(11, age_years=40.0) != subject(12, age_years=40.0)


def test_given_age_changes_nothing_that_is_fixed_for_life():
    young, old = subject(4, age_years=25), subject(4, age_years=75)
    assert young.person == old.person
    assert young.vertebrae[5].size == old.vertebrae[5].size


def test_biological_age_is_age_plus_gap():
    someone = subject(9, age_years=50, gap_years=7.5)
    assert someone.biological_age_years == pytest.approx(57.5)


def test_five_years_later_no_disc_is_less_degenerated():
    for seed in range(40):
        now = subject(seed)
        then = now.later(5)
        assert then.age_years == pytest.approx(now.age_years + 5)
        for a, b in zip(now.discs, then.discs, strict=True):
            assert b.latent >= a.latent
            assert b.pfirrmann >= a.pfirrmann
            assert b.schneiderman >= a.schneiderman
            assert b.bulging >= a.bulging
            assert b.bulge_mm >= a.bulge_mm
            assert b.osteophyte_mm >= a.osteophyte_mm


def test_some_discs_progress_within_five_years():
    progressed = [
        then.pfirrmann > now.pfirrmann
        for seed in range(60)
        for now, then in zip(
            subject(seed, age_years=45).discs,
            subject(seed, age_years=45).later(5).discs,
            strict=True,
        )
        if now.level.is_lumbar and now.pfirrmann < 5
    ]
    assert 0.05 < np.mean(progressed) < 0.5


def test_two_steps_later_are_one_long_step():
    assert subject(6, age_years=40).later(2).later(3) == subject(6, age_years=40).later(5)


def test_nobody_grows_younger():
    with pytest.raises(ValueError, match="younger"):
        subject(1).later(-1)


@pytest.mark.parametrize("variant", [Variant(12, 5), Variant(11, 5), Variant(13, 4)])
def test_discs_lie_between_their_vertebrae(variant):
    skeleton = build_skeleton(subject(2, age_years=30, variant=variant))
    for disc in skeleton.discs:
        height = disc.frame.origin[2]
        assert height < skeleton.body(disc.state.level.above).frame.origin[2]
        if disc.state.level.below is not Level.S1:
            assert height > skeleton.body(disc.state.level.below).frame.origin[2]


def test_variants_name_their_own_discs():
    names = {str(d) for d in Variant(13, 6).discs}
    assert {"T12/T13", "T13/L1", "L5/L6", "L6/S1"} <= names
    assert "T12/L1" not in names
    assert DiscLevel.T11_L1 in Variant(11, 5).discs
    assert DiscLevel.L4_S1 in Variant(12, 4).discs


def test_a_variant_without_named_discs_is_refused():
    with pytest.raises(ValueError, match="no disc"):
        Variant(10, 5)


def test_spine_length_of_men_and_women_is_that_of_adults():
    lengths = {sex: [_length(seed, sex) for seed in range(25)] for sex in ("M", "F")}
    # C2 to S1, anatomy 2: 590 (28) in men, 550 (26) in women including C1
    assert 520 < np.mean(lengths["F"]) < 580
    assert 560 < np.mean(lengths["M"]) < 620


def _length(seed: int, sex: str) -> float:
    bodies = build_skeleton(subject(seed, age_years=35, sex=sex, variant=Variant(12, 5))).bodies
    steps = np.diff([b.frame.origin for b in bodies], axis=0)
    return float(np.linalg.norm(steps, axis=1).sum()) + bodies[-1].height / 2


def test_lumbar_pitch_is_that_of_the_real_patients():
    # SPIDER 5.2: L3 38 mm in men, 36 in women
    for sex, low, high in (("M", 35.0, 40.5), ("F", 32.5, 38.0)):
        pitches = []
        for seed in range(20):
            skeleton = build_skeleton(subject(seed, age_years=50, sex=sex, variant=Variant(12, 5)))
            centers = [skeleton.body(level).frame.origin for level in (Level.L2, Level.L3)]
            pitches.append(np.linalg.norm(centers[0] - centers[1]))
        assert low < np.mean(pitches) < high


def test_truth_is_json():
    from phantom.truth import Sight, truth_of
    from spine.imaging.volume import Grid

    someone = subject(3)
    record = truth_of(
        someone, build_skeleton(someone), "x", Sight(Grid((2, 2, 2), np.eye(4)))
    ).to_dict()
    again = json.loads(json.dumps(record))
    assert again["seed"] == 3
    assert again["age_gap_years"] == pytest.approx(someone.person.gap_years)
    assert len(again["discs"]) == len(someone.discs)
    assert {"pfirrmann", "schneiderman", "bulging", "center_mm"} <= set(again["discs"][0])
