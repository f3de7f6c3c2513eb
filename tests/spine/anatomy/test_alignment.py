from math import cos, radians, sin

import pytest

from spine.anatomy.alignment import are_alike, curvature_degrees, kyphosis_degrees, listhesis
from spine.anatomy.geometry import Curvature, Endplate, SpineGeometry, VertebraGeometry
from spine.anatomy.levels import Level


def endplate(tilt_degrees: float, depth: float = 30.0, at=(0.0, 0.0, 0.0)) -> Endplate:
    """An endplate whose anterior corner lies higher by a tilt."""
    x, y, z = at
    tilt = radians(tilt_degrees)
    return Endplate(at, (x, y + depth * cos(tilt), z + depth * sin(tilt)))


def vertebra(level: Level, upper: float, lower: float) -> VertebraGeometry:
    ends = endplate(upper), endplate(lower)
    return VertebraGeometry(level, (0.0, 0.0, 0.0), 30.0, 20.0, upper=ends[0], lower=ends[1])


def test_column_that_leans_forward_above_is_kyphotic():
    assert kyphosis_degrees(endplate(-15), endplate(20)) == pytest.approx(35)
    assert kyphosis_degrees(endplate(10), endplate(-35)) == pytest.approx(-45)


def test_angle_does_not_depend_on_how_the_patient_lies():
    above, below = (turned_about_z(endplate(tilt), 20.0) for tilt in (-15, 20))
    assert kyphosis_degrees(above, below) == pytest.approx(35)


def turned_about_z(end: Endplate, degrees: float) -> Endplate:
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return Endplate(
        *((c * x - s * y, s * x + c * y, z) for x, y, z in (end.posterior, end.anterior))
    )


def test_every_curvature_reads_its_own_endplates():
    tilts = {"C2": (0, 6), "C7": (0, -9), "T1": (-20, 0), "T4": (-18, 0), "T12": (0, 14)}
    vertebrae = [vertebra(Level(name), *tilt) for name, tilt in tilts.items()]
    vertebrae.append(vertebra(Level.L1, 12, 0))
    spine = SpineGeometry(tuple(vertebrae), (), 30.0, endplate(-33))
    expected = {
        Curvature.CERVICAL_LORDOSIS: 15,
        Curvature.THORACIC_KYPHOSIS: 34,
        Curvature.LOWER_THORACIC_KYPHOSIS: 32,
        Curvature.LUMBAR_LORDOSIS: 45,
    }
    for curvature, degrees in expected.items():
        assert curvature_degrees(spine, curvature) == pytest.approx(degrees)


def test_a_curvature_without_both_ends_is_not_known():
    spine = SpineGeometry((vertebra(Level.L1, 12, 0),), (), 30.0)
    assert [curvature_degrees(spine, curvature) for curvature in Curvature] == [None] * 4


def test_slip_is_forward_positive_and_a_share_of_the_endplate_below():
    above, below = endplate(0, at=(0.0, 6.0, 9.0)), endplate(0, depth=40.0)
    assert listhesis(above, below).slip_mm == pytest.approx(6.0)
    assert listhesis(above, below).percent == pytest.approx(15.0)
    behind = listhesis(endplate(0, at=(0.0, -3.0, 9.0)), below)
    assert behind.slip_mm == pytest.approx(-3.0)


def test_lordosis_alone_is_no_slip():
    # Posterior corners 5 mm apart, square to the bisector of endplates at +10 and -10 degrees.
    above, below = endplate(10, at=(0.0, 0.0, 5.0)), endplate(-10)
    assert listhesis(above, below).slip_mm == pytest.approx(0.0, abs=1e-9)


def test_endplates_that_differ_by_half_are_not_alike():
    assert are_alike(endplate(0, 30), endplate(0, 26))
    assert not are_alike(endplate(0, 30), endplate(0, 15))
