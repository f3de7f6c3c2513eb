"""Figure 5: which scans are shown, and what made them older or younger lies over their slices."""

import numpy as np
import pytest

from research.cohort import SubjectRecord, write_subject
from research.pages import Picture
from research.validation.age import chain
from research.validation.age.looks import Look, draw_looks, where_it_looked
from research.validation.age.predictions import Prediction
from research.validation.age.runs import Run
from research.worlds.age import Part
from spine.anatomy.geometry import SpineGeometry
from spine.errors import Code, Refusal
from spine.findings import AgeEstimate, Evidence, ModelReference, Quality, Segmentation
from spine.findings_heat import AgeHeat, LimitedValue
from spine.imaging.volume import LabelMap, Volume

SHAPE = (3, 40, 60)
NETWORK = ModelReference("age-dcnn", "0.1.0", "0" * 64, Evidence.SYNTHETIC)
GAPS = {"a": 12.0, "b": -9.0, "c": 3.0, "d": 0.0, "e": 20.0, "f": -2.0}
RUN = Run(
    "r",
    None,
    (
        # A bias line of slope 1 through 0: what is said is the spine age.
        *(Prediction(Part.BIAS, f"b{a}", f"b{a}", "F", a, "S", "A", a) for a in (30.0, 50.0, 70.0)),
        *(
            Prediction(Part.TEST, name, name, "F", 50.0, "S", "A", 50.0 + gap)
            for name, gap in GAPS.items()
        ),
    ),
)


def look(gap=0.0, older=None, younger=None):
    image = np.random.default_rng(0).normal(100, 20, SHAPE).astype(np.float32)
    volume = Volume(image, np.eye(4))
    labels = LabelMap(np.ones(SHAPE, np.uint8), np.eye(4))
    empty = SpineGeometry((), (), 0.0)
    seen = Segmentation(volume, labels, empty, Quality(24, levels_certain=True), NETWORK)
    nothing = LimitedValue(None, None)
    heat = AgeHeat(older, younger, 0.5, (28.8, 28.8), nothing, nothing)
    age = AgeEstimate(50.0, 50.0, 50.0 + gap, Evidence.SYNTHETIC, NETWORK, heat=heat)
    return Look(seen, age)


@pytest.fixture
def cohort(tmp_path):
    volume, labels = Volume(np.ones(SHAPE, np.float32), np.eye(4)), look().segmentation.labels
    for name in GAPS:
        record = SubjectRecord(name, 50.0, "F", {})
        write_subject(tmp_path / "test", record, volume, labels)
    return tmp_path


def titles(told):
    (picture,) = (part for part in told.section.parts if isinstance(part, Picture))
    return [axes.get_title() for axes in picture.figure.axes if axes.get_title()]


def test_four_scans_are_shown_from_the_lowest_gap_to_the_highest(cohort, monkeypatch):
    gaps = iter(sorted(GAPS.values())[place] for place in (0, 2, 3, 5))
    monkeypatch.setattr(chain, "segment", lambda *_: look().segmentation)
    monkeypatch.setattr(chain, "estimate", lambda *_: look(next(gaps)).estimate)

    told = where_it_looked(RUN, cohort, None)

    assert titles(told) == ["50 → 41", "50 → 50", "50 → 53", "50 → 70"]
    assert told.section.parts[0].name == "figure-5"


def test_scans_without_an_age_are_left_out_and_said(cohort, monkeypatch):
    refusal = Refusal(Code.OUT_OF_DISTRIBUTION, "unlike", "age")
    answers = iter([refusal, look(1.0).estimate, refusal, refusal])
    monkeypatch.setattr(chain, "segment", lambda *_: look().segmentation)
    monkeypatch.setattr(chain, "estimate", lambda *_: next(answers))
    assert titles(where_it_looked(RUN, cohort, None)) == ["50 → 51"]

    monkeypatch.setattr(chain, "estimate", lambda *_: refusal)
    for given in (cohort, cohort / "nowhere", None):
        (text,) = where_it_looked(RUN, given, None).section.parts
        assert text.startswith("No pictures")


def test_heat_lies_over_the_slice_above_for_older_and_below_for_younger():
    data = np.zeros(SHAPE, np.float32)
    data[:, 5:20, 5:30] = 1.0
    older, younger = draw_looks([look(older=Volume(data, np.eye(4)))]).axes

    def colored(axes):
        pixels = np.asarray(axes.images[0].get_array()).astype(int)
        return (pixels.max(axis=-1) - pixels.min(axis=-1) > 40).mean()

    assert colored(older) == pytest.approx(15 * 25 / (40 * 60), rel=0.3)
    assert colored(younger) == 0
