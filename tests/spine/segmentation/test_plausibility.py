import pytest

from spine.anatomy.geometry import (
    DiscFrame,
    DiscGeometry,
    DiscShape,
    SpineGeometry,
    VertebraGeometry,
)
from spine.anatomy.levels import DiscLevel, Level
from spine.segmentation.limits import SizeSettings, Verdict
from spine.segmentation.plausibility import judge_scale, judge_sizes

AXES = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
SHOWN_MM = 40.0


def body(level=Level.L3, depth=35.0, height=25.0, volume=30_000.0, z=0.0) -> VertebraGeometry:
    return VertebraGeometry(level, (0.0, 0.0, z), depth, height, volume)


def disc(
    level=DiscLevel.L3_L4, height=9.0, extent=11.0, depth=36.0, volume=11_000.0
) -> DiscGeometry:
    shape = None if depth is None else DiscShape(height, height, height, depth)
    return DiscGeometry(level, DiscFrame((0.0, 0.0, 0.0), *AXES), height, volume, extent, shape)


def verdicts(*parts, age_years=50.0) -> dict[str, Verdict]:
    bodies = tuple(part for part in parts if isinstance(part, VertebraGeometry))
    discs = tuple(part for part in parts if isinstance(part, DiscGeometry))
    spine = SpineGeometry(bodies, discs, 35.0)
    found = judge_sizes(spine, SHOWN_MM, SizeSettings(), age_years)
    return {f"{item.level} {item.reason.split()[1]}": item.verdict for item in found}


def test_usual_sizes_are_plausible():
    assert verdicts(body(), disc()) == {}


@pytest.mark.parametrize(
    ("changed", "what", "verdict"),
    [
        ({"depth": 18.0}, "depth", Verdict.IMPLAUSIBLE),
        ({"depth": 23.0}, "depth", Verdict.DOUBTFUL),
        ({"depth": 61.0}, "depth", Verdict.IMPLAUSIBLE),
        ({"height": 9.0}, "height", Verdict.IMPLAUSIBLE),
        ({"height": 42.0}, "height", Verdict.IMPLAUSIBLE),
        ({"volume": 7_000.0}, "volume", Verdict.IMPLAUSIBLE),
    ],
)
def test_a_body_of_another_size_is_told(changed, what, verdict):
    assert verdicts(body(**changed)) == {f"L3 {what}": verdict}


@pytest.mark.parametrize(
    ("changed", "what", "verdict"),
    [
        ({"height": 1.0}, "height", Verdict.IMPLAUSIBLE),
        ({"height": 2.0}, "height", Verdict.DOUBTFUL),
        ({"extent": 34.0}, "extent", Verdict.IMPLAUSIBLE),
        ({"extent": 21.0}, "extent", Verdict.DOUBTFUL),
        ({"depth": 14.0}, "depth", Verdict.IMPLAUSIBLE),
        ({"depth": None}, "midsagittal", Verdict.IMPLAUSIBLE),
        ({"volume": 900.0}, "volume", Verdict.IMPLAUSIBLE),
    ],
)
def test_a_disc_of_another_size_is_told(changed, what, verdict):
    assert verdicts(disc(**changed)) == {f"L3/L4 {what}": verdict}


def test_a_fracture_is_more_plausible_in_the_aged():
    crushed = body(height=11.0)
    assert verdicts(crushed, age_years=30.0) == {"L3 height": Verdict.IMPLAUSIBLE}
    assert verdicts(crushed, age_years=70.0) == {"L3 height": Verdict.DOUBTFUL}


def test_a_collapsed_disc_is_implausible_in_the_young_only():
    collapsed = disc(height=2.0)
    assert verdicts(collapsed, age_years=22.0) == {"L3/L4 height": Verdict.IMPLAUSIBLE}
    assert verdicts(collapsed, age_years=60.0) == {"L3/L4 height": Verdict.DOUBTFUL}


def test_a_child_is_measured_by_a_childs_sizes():
    small = body(depth=20.0, height=14.0, volume=6_000.0)
    assert verdicts(small, age_years=5.0) == {}
    assert Verdict.IMPLAUSIBLE in verdicts(small, age_years=40.0).values()


def test_without_an_age_both_child_and_adult_are_plausible():
    child = body(depth=23.5, height=16.5, volume=10_000.0)
    assert verdicts(child, age_years=None) == verdicts(body(), age_years=None) == {}


def test_neighbors_too_far_apart_refuse_the_disc_between():
    pair = body(z=60.0), body(Level.L4, z=0.0)
    # 60 mm against a usual pitch of 35.3.
    assert verdicts(*pair, disc()) == {"L3/L4 distance": Verdict.IMPLAUSIBLE}


def test_the_dens_is_not_held_against_c2():
    assert verdicts(body(Level.C2, depth=15.0, height=36.0, volume=20_000.0)) == {}


def test_a_scale_that_is_wrong_for_every_body_is_told():
    levels = (Level.L1, Level.L2, Level.L3)
    for factor, expected in (
        (1.0, Verdict.PLAUSIBLE),
        (1.4, Verdict.DOUBTFUL),
        (1.6, Verdict.IMPLAUSIBLE),
    ):
        bodies = tuple(body(level, 35 * factor, 24 * factor) for level in levels)
        spine = SpineGeometry(bodies, (), 35.0)
        assert judge_scale(spine, SizeSettings(), 50.0)[0] is expected
