import dataclasses

import numpy as np
import pytest

from spine.reporting.drawing import ACCENT, BAND
from spine.reporting.summary_course import CHANGE
from spine.reporting.summary_course import WIDTH as COURSE_WIDTH
from spine.reporting.summary_picture import WIDTH, draw_summary
from tests.spine.reporting.earlier import SAME, earlier_reports


def with_age(findings, **changes):
    return dataclasses.replace(findings, age=dataclasses.replace(findings.age, **changes))


def chart(page):
    """Return the right-most part of the page, down to the discs."""
    return page[66:390, WIDTH - 20 - COURSE_WIDTH : WIDTH - 20]


def columns_of(part, color):
    """Return the middle of each run of columns that holds a color."""
    found = np.flatnonzero((part == color).all(axis=2).any(axis=0))
    runs = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)
    return [float(run.mean()) for run in runs]


def test_gaps_and_their_distances_are_written_without_a_date(
    with_course, references, run, drawn_words
):
    draw_summary(with_course, references, run)
    words = [text for text, _ in drawn_words]

    assert {"Gap over time", "-8.0 y", "-4.0 y", "-2.0 y", "now"} <= set(words)
    assert {"+1.5", "+3.1", "+5.0", "+6.5"} <= set(words)
    page = drawn_words.sentences()
    assert not any(str(prior.study_date) in page for prior in earlier_reports())
    assert "Hollow: another model, not comparable." in page


def test_bars_stand_where_their_studies_are_in_time(with_course, references, run):
    bars = columns_of(chart(draw_summary(with_course, references, run)), BAND)

    # 8, 4 and 2 years before, and now: three intervals of 4 : 2 : 2.
    first, second, third, now = bars
    assert (second - first) / (now - first) == pytest.approx(0.5, abs=0.02)
    assert (third - first) / (now - first) == pytest.approx(0.75, abs=0.02)


def test_todays_gap_is_as_high_above_zero_as_it_is(with_course, references, run):
    part = chart(draw_summary(with_course, references, run))
    bars = (part == BAND).all(axis=2)
    today = int(columns_of(part, BAND)[-1])
    # The bar is the model's error of 8.4 years around a gap of 0; its middle is hidden by none.
    edge = bars[:, today - 6]
    rows = np.flatnonzero(edge)
    zero, per_year = rows[[0, -1]].mean(), (rows[-1] - rows[0]) / 16.8
    accent = (part == ACCENT).all(axis=2)
    # The diamond is the lowest thing in that color above the word "now".
    height = np.flatnonzero(accent[: int(zero), today]).max() - 9
    assert (zero - height) / per_year == pytest.approx(6.5, abs=0.6)


def test_change_that_error_explains_is_shaded_from_the_last_gap_that_compares(
    with_course, references, run, drawn_words
):
    shaded = (chart(draw_summary(with_course, references, run)) == CHANGE).all(axis=2)
    assert shaded.any()
    assert "Shaded: last gap ± minimal detectable change, 5.1 y." in drawn_words.sentences()


def test_without_a_detectable_change_on_the_card_nothing_is_shaded_or_said(
    with_course, references, run, drawn_words
):
    page = draw_summary(with_age(with_course, detectable_change_years=None), references, run)
    assert not (chart(page) == CHANGE).all(axis=2).any()
    assert "detectable" not in drawn_words.sentences()


def test_only_gaps_that_compare_are_joined(with_course, references, run):
    study = with_course.selection.study
    model = ("another 1.0.0", SAME[1])
    others = tuple(
        dataclasses.replace(prior, age=dataclasses.replace(prior.age, models=model))
        for prior in study.priors
    )
    changed = dataclasses.replace(
        with_course,
        selection=dataclasses.replace(
            with_course.selection, study=dataclasses.replace(study, priors=others)
        ),
    )
    joined = draw_summary(with_course, references, run)
    apart = draw_summary(changed, references, run)
    white = [(chart(page)[60:170] > 200).all(axis=2).any(axis=0).mean() for page in (joined, apart)]
    # A line covers columns between the studies; points and their labels do not.
    assert white[0] > 1.3 * white[1]


def test_grade_that_was_read_before_stands_beside_todays(with_course, references, run, drawn_words):
    draw_summary(with_course, references, run)
    assert [text for text, _ in drawn_words if text.startswith("was ")] == ["was 2, 4.0 y ago"]


def test_without_earlier_reports_the_page_is_what_it_was(
    with_interval, references, run, drawn_words
):
    draw_summary(with_interval, references, run)
    assert "Gap over time" not in drawn_words.sentences()


@pytest.mark.parametrize("predicted", [12.3, 110.4])
@pytest.mark.parametrize("half_width", [0.4, 60.0])
def test_words_stay_in_their_panels(
    with_course, references, run, drawn_words, half_width, predicted
):
    interval = dataclasses.replace(with_course.age.interval, half_width_years=half_width)
    changed = with_age(with_course, predicted_age_years=predicted, interval=interval)
    draw_summary(changed, references, run)
    texts = [text for text, _ in drawn_words]
    start, middle = texts.index("Spine age"), texts.index("Gap over time")
    end = next(n for n, text in enumerate(texts) if text.startswith("Lumbar discs"))
    boundary = WIDTH - 20 - COURSE_WIDTH
    for text, box in drawn_words[start:middle]:
        assert box[2] <= boundary - 14, text
    for text, box in drawn_words[middle:end]:
        assert box[0] >= boundary, text
        assert box[2] <= WIDTH - 20, text
        assert box[3] <= drawn_words[end][1][1], text
    # Neither hides the other.
    number, gap = drawn_words[start + 1][1], drawn_words[start + 2][1]
    assert number[2] < gap[0]
