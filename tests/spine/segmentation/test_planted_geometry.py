"""Every measure against the phantom's parameters, on an oblique and two anisotropic stacks.

Bone edges of phantoms waver by 0.35 mm (SD) over 3 mm, which no parameter tells; here they
are smooth, so that what remains is the error of measuring.
"""

from dataclasses import replace

import numpy as np
import pytest

from phantom.curve import build_skeleton
from phantom.protocols import LUMBAR_T2, WHOLE_SPINE_T2
from phantom.rendering import render
from phantom.scene import Scene
from phantom.subjects import subject
from phantom.variants import Variant
from spine.anatomy.alignment import (
    coronal_curve_degrees,
    curvature_degrees,
    kyphosis_degrees,
)
from spine.anatomy.geometry import Curvature
from spine.anatomy.labels import classes_from_labels
from spine.anatomy.levels import DiscLevel, Level
from spine.imaging.volume import LabelMap
from spine.segmentation.geometry import measure
from spine.segmentation.segmenter import SegmentationSettings, locate
from tests.spine.segmentation import planted

pytestmark = pytest.mark.slow
STACKS = {
    "whole spine": WHOLE_SPINE_T2,
    "whole spine, oblique": replace(WHOLE_SPINE_T2, oblique_degrees=(8.0, 1.5)),
    "lumbar, oblique": replace(LUMBAR_T2, oblique_degrees=(-8.0, 4.0)),
}


def person(slip_mm: float = 0.0):
    someone = subject(5, variant=Variant(12, 5), age_years=50.0)
    discs = tuple(
        replace(disc, slip_mm=slip_mm if disc.level is DiscLevel.L4_L5 else 0.0)
        for disc in someone.discs
    )
    return replace(someone, discs=discs)


@pytest.fixture(scope="module", params=list(STACKS))
def measured(request):
    someone = person(slip_mm=7.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scene, "wavering", lambda _, region, *_rest: np.float32(0) * region.right)
        rng = np.random.default_rng(5)
        rendering = render(someone, STACKS[request.param], rng, sub_slices=1)
    labels = rendering.labels
    classes = LabelMap(classes_from_labels(labels.data), labels.affine)
    found = locate(classes, SegmentationSettings())
    return someone, measure(found.labels, found.instances.guide)


def test_heights_and_wedges_are_those_planted(measured):
    someone, spine = measured
    skeleton = build_skeleton(someone)
    errors, wedges = [], []
    for vertebra in spine.vertebrae:
        if vertebra.shape is None:
            continue
        true = planted.shape(skeleton.body(vertebra.level))
        errors += [
            vertebra.shape.anterior_height_mm - true.anterior_height_mm,
            vertebra.shape.middle_height_mm - true.middle_height_mm,
            vertebra.shape.posterior_height_mm - true.posterior_height_mm,
        ]
        wedges.append(vertebra.shape.wedge_degrees - true.wedge_degrees)
    assert len(wedges) >= 5
    assert np.abs(errors).max() < 1.5
    assert np.median(np.abs(errors)) < 0.5
    assert np.median(np.abs(wedges)) < 1.5


def test_depths_of_endplates_are_those_planted(measured):
    someone, spine = measured
    skeleton = build_skeleton(someone)
    errors = [
        end.depth_mm - planted.endplate(skeleton.body(vertebra.level), side).depth_mm
        for vertebra in spine.vertebrae
        for end, side in ((vertebra.upper, 1), (vertebra.lower, -1))
        if end is not None
    ]
    assert np.median(np.abs(errors)) < 1.0
    assert np.abs(errors).max() < 2.5


def test_a_planted_slip_is_found_at_its_level_alone(measured):
    someone, spine = measured
    true = planted.listheses(someone)
    found = {disc.level: disc.listhesis for disc in spine.discs if disc.listhesis is not None}
    assert found[DiscLevel.L4_L5].slip_mm == pytest.approx(true[DiscLevel.L4_L5].slip_mm, abs=1.0)
    assert found[DiscLevel.L4_L5].slip_mm > 5.0
    assert found[DiscLevel.L4_L5].percent == pytest.approx(true[DiscLevel.L4_L5].percent, abs=4.0)
    errors = [found[level].slip_mm - true[level].slip_mm for level in found]
    assert np.abs(errors).max() < 1.5


def test_sac_is_as_wide_as_planted(measured):
    someone, spine = measured
    true = planted.sac_diameters_mm(someone)
    errors = [
        disc.sac_diameter_mm - true[disc.level]
        for disc in spine.discs
        if disc.sac_diameter_mm is not None
    ]
    assert len(errors) >= 5
    assert np.median(np.abs(errors)) < 0.8
    # Slices 6 mm apart, turned by 8 degrees, take in the narrower side of the sac: 2.8 mm at L5/S1.
    assert np.abs(errors).max() < 3.0


def test_curvatures_are_those_planted(measured):
    someone, spine = measured
    skeleton = build_skeleton(someone)

    def end(level, side):
        return planted.endplate(skeleton.body(level), side)

    true = {
        Curvature.CERVICAL_LORDOSIS: -kyphosis_degrees(end(Level.C2, -1), end(Level.C7, -1)),
        Curvature.THORACIC_KYPHOSIS: kyphosis_degrees(end(Level.T1, 1), end(Level.T12, -1)),
        Curvature.LOWER_THORACIC_KYPHOSIS: kyphosis_degrees(end(Level.T4, 1), end(Level.T12, -1)),
        Curvature.LUMBAR_LORDOSIS: -kyphosis_degrees(
            end(Level.L1, 1), planted.sacral_endplate(skeleton.sacrum[0])
        ),
    }
    found = {curvature: curvature_degrees(spine, curvature) for curvature in Curvature}
    assert found[Curvature.LUMBAR_LORDOSIS] is not None
    for curvature, degrees in found.items():
        if degrees is not None:
            assert degrees == pytest.approx(true[curvature], abs=3.0), curvature


def test_curve_to_the_side_is_that_planted(measured):
    someone, spine = measured
    skeleton = build_skeleton(someone)
    planted_centers = tuple(
        replace(vertebra, center=tuple(skeleton.body(vertebra.level).frame.origin))
        for vertebra in spine.vertebrae
    )
    true = coronal_curve_degrees(replace(spine, vertebrae=planted_centers))
    # Straight in the loins, bent above: a measure that sees no curve fails on the whole spine.
    assert true > 3.0 or len(spine.vertebrae) < 12
    assert coronal_curve_degrees(spine) == pytest.approx(true, abs=3.0)
