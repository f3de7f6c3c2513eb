from dataclasses import replace

import numpy as np
import pytest

from research.cohort import SubjectRecord, write_subject
from research.measurements import Data
from research.pages import Picture
from research.validation.age.far_cases import far_off
from research.validation.age.large_gaps import ReviewError
from research.validation.age.pictures import draw_far_cases
from research.validation.age.predictions import Prediction
from research.validation.age.runs import Run
from research.worlds.age import Part
from spine.imaging.volume import LabelMap, Volume


def said(part, name, age, answer):
    return Prediction(part, name, name, "F", age, "S1", "A", answer)


# A bias line of slope 1 through 0: what is said is the spine age.
BIAS = [said(Part.BIAS, f"b{age}", age, age) for age in (30.0, 50.0, 70.0)]
RUN = Run(
    "r",
    None,
    (
        *BIAS,
        said(Part.TEST, "near", 50.0, 60.0),
        said(Part.TEST, "old", 50.0, 70.0),
        said(Part.OTHER_DISEASES, "young", 60.0, 30.0),
        said(Part.CALIBRATION, "unseen", 50.0, 90.0),
    ),
)


def values(told):
    return {row.name.partition(": ")[2]: row.value for row in told.rows}


def test_far_cases_of_the_tested_parts_are_listed_for_a_reader(tmp_path):
    told = far_off(RUN, tmp_path, None, Data.SYNTHETIC)

    lines = (tmp_path / "review.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["case", "young", "old"]
    assert values(told)["share of the full test set"] == pytest.approx(2 / 3)
    assert values(told)["not reviewed"] == 2
    assert not any(isinstance(part, Picture) for part in told.section.parts)


def test_what_a_reader_filled_in_is_counted_and_kept(tmp_path):
    far_off(RUN, tmp_path, None, Data.SYNTHETIC)
    path = tmp_path / "review.csv"
    path.write_text(path.read_text().replace("-30.00,", "-30.00,artifact"))

    told = far_off(RUN, tmp_path, None, Data.SYNTHETIC)

    assert values(told)["artifact"] == 1
    assert values(told)["not reviewed"] == 1
    assert "artifact" in path.read_text()


def test_a_list_without_any_outcome_follows_the_answers(tmp_path):
    far_off(RUN, tmp_path, None, Data.SYNTHETIC)
    nearer = replace(RUN, predictions=RUN.predictions[:-2])

    far_off(nearer, tmp_path, None, Data.SYNTHETIC)

    assert "young" not in (tmp_path / "review.csv").read_text()


def test_a_list_that_cannot_be_read_is_told_and_kept(tmp_path):
    path = tmp_path / "review.csv"
    path.write_text("case,age,predicted,gap,outcome\nold,50,70,20,maybe\n")

    with pytest.raises(ReviewError, match="line 2"):
        far_off(RUN, tmp_path, None, Data.SYNTHETIC)
    assert "maybe" in path.read_text()


def test_images_that_lie_on_disk_are_shown(tmp_path):
    affine = np.diag([3.0, 1.0, 1.0, 1.0])
    volume = Volume(np.random.default_rng(0).uniform(0, 9, (5, 20, 30)).astype(np.float32), affine)
    labels = LabelMap(np.ones((5, 20, 30), np.uint8), affine)
    write_subject(tmp_path / "c" / "test", SubjectRecord("old", 50.0, "F", {}), volume, labels)

    told = far_off(RUN, tmp_path, tmp_path / "c", Data.SYNTHETIC)

    (picture,) = [part for part in told.section.parts if isinstance(part, Picture)]
    titles = [axes.get_title() for axes in picture.figure.axes if axes.get_title()]
    assert titles == ["old\n50 → 70"]


def test_a_slice_is_shown_head_up_and_front_to_the_left():
    data = np.zeros((3, 20, 30), np.float32)
    data[1, 18, 28] = 9.0  # far in front, far up
    volume = Volume(data, np.diag([3.0, 1.0, 1.0, 1.0]))

    shown = draw_far_cases({"a": volume}).axes[0].images[0].get_array()

    assert np.argwhere(shown == 9).tolist() == [[1, 1]]
    assert shown.shape == (30, 20)
