"""The gate on hand-made spines: what is doubted, what is withheld, and what stays."""

from dataclasses import replace

import numpy as np
import pytest

from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level
from spine.errors import Code
from spine.findings import STUDY
from spine.segmentation.geometry import measure
from spine.segmentation.limits import QualitySettings
from spine.segmentation.quality import Background, assess
from spine.segmentation.segmenter import SegmentationSettings, locate

pytestmark = pytest.mark.slow


@pytest.fixture(name="located", scope="module")
def _located(draw):
    found = locate(draw().classes, SegmentationSettings())
    measured = measure(found.labels, found.instances.guide)
    # The boxes are one size a region; T1's is that of a middle thoracic vertebra.
    return found, changed(measured, Level.T1, volume_mm3=7_000.0)


def judged(located, geometry=None, row=None, **known):
    found, measured = located
    return assess(
        row or found.row,
        found.labels,
        geometry or measured,
        QualitySettings(),
        Background(**{"age_years": 50.0, **known}),
    )


def codes(quality) -> set[Code]:
    return {caution.code for caution in quality.cautions}


def changed(geometry, level, **fields):
    """Give one vertebra or disc other measures."""
    part = "discs" if isinstance(level, DiscLevel) else "vertebrae"
    items = tuple(
        replace(item, **fields) if item.level is level else item for item in getattr(geometry, part)
    )
    return replace(geometry, **{part: items})


def test_a_whole_spine_of_usual_sizes_is_trusted(located):
    quality = judged(located)
    assert quality.refusals == ()
    assert quality.disagreement is None
    assert quality.vertebra_count == 23


def test_an_implausible_disc_withholds_itself_alone(located):
    geometry = changed(located[1], DiscLevel.L3_L4, height_mm=0.5)
    quality = judged(located, geometry)
    assert [item.subject for item in quality.refusals] == ["L3/L4"]
    assert quality.refusal("L3/L4").code is Code.SIZE_IMPLAUSIBLE
    assert quality.refusal("L4/L5") is None
    assert quality.refusal(STUDY) is None


def test_an_implausible_vertebra_withholds_the_discs_beside_it(located):
    quality = judged(located, changed(located[1], Level.L3, width_mm=9.0))
    assert [item.subject for item in quality.refusals] == ["L2/L3", "L3/L4"]
    assert Code.SIZE_IMPLAUSIBLE in codes(quality)


def test_a_doubtful_size_is_told_and_withholds_nothing(located):
    quality = judged(located, changed(located[1], DiscLevel.L3_L4, height_mm=2.0))
    assert quality.refusals == ()
    assert any("L3/L4" in caution.reason for caution in quality.cautions)


def test_many_implausible_levels_withhold_the_study(located):
    geometry = located[1]
    for vertebra in geometry.vertebrae[3:20]:
        geometry = changed(geometry, vertebra.level, volume_mm3=1.0)
    assert judged(located, geometry).refusal(STUDY).code is Code.SEGMENTATION_IMPLAUSIBLE


def test_a_spacing_that_is_wrong_withholds_the_study(located):
    geometry = located[1]
    for vertebra in geometry.vertebrae:
        larger = {"width_mm": 1.65 * vertebra.width_mm, "height_mm": 1.65 * vertebra.height_mm}
        geometry = changed(geometry, vertebra.level, **larger)
    assert judged(located, geometry).refusal(STUDY).code is Code.SIZE_IMPLAUSIBLE


def test_vertebrae_out_of_order_withhold_the_study(located):
    geometry = located[1]
    by_level = {vertebra.level: vertebra for vertebra in geometry.vertebrae}
    geometry = changed(geometry, Level.T5, center=by_level[Level.T7].center)
    assert judged(located, geometry).refusal(STUDY).code is Code.LEVEL_ORDER


def test_a_disc_away_from_its_vertebrae_is_withheld(located):
    geometry = located[1]
    frame = geometry.disc(DiscLevel.L1_L2).frame
    geometry = changed(geometry, DiscLevel.L4_L5, frame=frame)
    assert judged(located, geometry).refusal("L4/L5").code is Code.LEVEL_ORDER


@pytest.mark.parametrize(("missing", "refused"), [(1, False), (3, True)])
def test_more_than_two_vertebrae_missed_withhold_the_study(located, missing, refused):
    row = replace(located[0].row, gaps=((8, missing),), is_certain=False)
    quality = judged(located, row=row)
    assert Code.LEVEL_GAP in codes(quality)
    assert (quality.refusal(STUDY) is not None) is refused


def test_levels_that_a_mirrored_pass_finds_elsewhere_are_withheld(located):
    found = np.unique(located[0].labels.data)
    shares = {int(value): 0.05 for value in found}
    shares[DISC_LABELS[DiscLevel.L2_L3]] = 0.7
    shares[VERTEBRA_LABELS[Level.T4]] = 0.3
    quality = judged(located, disagreement=shares)
    assert [item.subject for item in quality.refusals] == ["L2/L3"]
    assert quality.refusal("L2/L3").code is Code.MIRROR_DISAGREEMENT
    assert any("T4" in caution.reason for caution in quality.cautions)
    assert 0.05 < quality.disagreement < 0.1


def test_names_that_a_mirrored_pass_shifts_withhold_the_study(located):
    shares = {int(value): 0.9 for value in np.unique(located[0].labels.data)}
    assert judged(located, disagreement=shares).refusal(STUDY).code is Code.MIRROR_DISAGREEMENT


def test_a_disc_cut_by_the_view_is_told_and_not_judged_by_its_size(located):
    found, geometry = located
    data = found.labels.data.copy()
    rows = np.flatnonzero((data == DISC_LABELS[DiscLevel.L5_S1]).any(axis=(0, 1)))
    cut = replace(
        found, labels=replace(found.labels, data=np.ascontiguousarray(data[..., rows[2] :]))
    )
    quality = judged((cut, geometry), changed(geometry, DiscLevel.L5_S1, height_mm=0.5))
    assert quality.refusal("L5/S1").code is Code.MASK_TOUCHES_BORDER
