"""Structured reports in OHIF: every group drawn at its place, listed with its values, jumped to."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from spine.anatomy.levels import DiscLevel
from spine.findings import Segmentation
from spine.reporting import wording, wording_age, wording_discs
from spine.reporting.course import course
from spine.reporting.wording_course import change_sentence, earlier_sentence
from tests.viewer.ohif import Ohif
from tests.viewer.studies import SentStudy

# One PACS and one viewer for all of them, also where tests run in parallel.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("viewer")]

DEMONSTRATION = "DEMO – NOT FOR PATIENTS: "
RESEARCH = "RESEARCH: "


@dataclass(frozen=True)
class Said:
    """One group as the report holds it.

    `point` : column and row on the instance, as PS3.3 C.18.6.1.2 counts them
    """

    subject: str
    comment: str
    numbers: tuple[str, ...]
    instance: str
    point: tuple[float, float]


def test_every_group_is_drawn_with_its_values_at_its_place(ohif, demonstration_study):
    groups = open_report(ohif, demonstration_study)
    stack = [item["instance"] for item in ohif.ask("stack")]
    places = {stack.index(group.instance) for group in groups}
    assert len(places) > 2, "the phantom's discs lie on several slices"
    for index in sorted(places):
        here = [group for group in groups if stack.index(group.instance) == index]
        drawn = drawn_on_slice(ohif, index, [(group.comment, *group.numbers) for group in here])
        for group in here:
            assert_points_at(ohif, drawn, group)
    ohif.picture("report-drawn")
    ohif.assert_no_error()


def test_points_of_discs_are_their_centers_in_the_patient(ohif, demonstration_study):
    groups = {group.subject: group for group in open_report(ohif, demonstration_study)}
    segmentation = demonstration_study.findings.segmentation
    assert isinstance(segmentation, Segmentation)
    stack = [item["instance"] for item in ohif.ask("stack")]
    for disc in demonstration_study.findings.discs:
        group = groups[disc.level]
        ohif.show_slice(stack.index(group.instance))
        (point,) = ohif.ask("worldFromImage", points=[group.point])
        center = np.array(segmentation.geometry.disc(DiscLevel(disc.level)).frame.center)
        # To LPS; half the spacing of slices, and a pixel within the slice, are the most.
        assert np.abs(np.array(point) - center * [-1, -1, 1]).max() < 3.1


def test_every_group_is_listed_with_its_values_and_its_row_jumps_to_its_slice(
    ohif, demonstration_study
):
    study = demonstration_study
    groups = open_report(ohif, study)
    ohif.press("trackedMeasurements-btn")
    ohif.press("yes-hydrate-btn")
    ohif.until(lambda: len(ohif.ask("measurementRows")) == len(groups), "all groups are listed")
    rows = ohif.ask("measurementRows")
    sentences = [wording_age.age_sentence(study.findings.age)]
    sentences += [wording_discs.disc_sentence(disc) for disc in study.findings.discs]
    for row, sentence in zip(rows, sentences, strict=True):
        assert DEMONSTRATION + sentence in row
    for number, group in enumerate(groups):
        ohif.show_slice(0)
        ohif.ask("pressMeasurement", row=number)
        jumped = f"row {number} jumps to its slice"
        ohif.until(lambda: ohif.ask("viewport")["instance"] == group.instance, jumped)  # noqa: B023
        arrow = f"the arrow of {group.subject} is drawn"
        ohif.until(lambda: [group.comment] in ohif.ask("drawn")["texts"], arrow)  # noqa: B023
        assert_points_at(ohif, ohif.ask("drawn"), group)
        ohif.picture(f"report-{group.subject.replace('/', '-')}")
    ohif.assert_no_error()


def test_a_report_in_which_everything_is_refused_opens(ohif, refused_study):
    findings = refused_study.findings
    groups = open_report(ohif, refused_study)
    sentences = [wording.refusal_sentence(findings.age)]
    sentences += [wording_discs.disc_sentence(disc) for disc in findings.discs]
    given = [group for group in groups if group.subject != "study"]
    assert [group.comment for group in given] == [RESEARCH + words for words in sentences]
    assert given[0].numbers[0].startswith("Number of vertebrae found: ")
    assert given[1].numbers[0].startswith("Mean height of intervertebral disc: ")
    assert_all_drawn(ohif, groups)
    ohif.picture("report-refused")


def test_a_report_about_undecodable_pixels_opens(ohif, undecodable_study):
    groups = open_report(ohif, undecodable_study)
    assert [group.comment[:45] for group in groups] == [
        f"{RESEARCH}analysis not given: UNDECODABLE. The"[:45],
        f"{RESEARCH}spine age not given: UNDECODABLE. The"[:45],
    ]
    assert all(group.numbers[0].startswith("Number of Frames: ") for group in groups)
    assert_all_drawn(ohif, groups)
    ohif.picture("report-undecodable")


def test_earlier_studies_are_drawn_apart_from_today_s_results(ohif, followed_study):
    groups = open_report(ohif, followed_study)
    followed = followed_study.findings
    oldest, other = course(followed).studies
    *today, first, second = groups
    assert [first.comment, second.comment] == [
        RESEARCH + earlier_sentence(study) for study in (oldest, other)
    ]
    assert first.numbers[0] == "Years from the earlier study to this one: 8.00 a"
    assert "Spine age gap in the earlier study: 1.50 a" in second.numbers
    (age,) = [group for group in today if group.subject == "age"]
    assert change_sentence(course(followed), followed.age) in age.comment
    assert len({(group.instance, group.point) for group in (age, first, second)}) == 3
    assert_all_drawn(ohif, groups)
    ohif.picture("report-followed")


def open_report(ohif: Ohif, study: SentStudy) -> list[Said]:
    """Open a study and its report; return what the report holds."""
    ohif.open(study)
    ((series, path),) = study.objects_of("SR").items()
    ohif.open_series(series)
    return list(said(dcmread(path)))


def assert_all_drawn(ohif: Ohif, groups: list[Said]) -> None:
    stack = [item["instance"] for item in ohif.ask("stack")]
    for index in {stack.index(group.instance) for group in groups}:
        here = [group for group in groups if stack.index(group.instance) == index]
        drawn_on_slice(ohif, index, [(group.comment, *group.numbers) for group in here])
    ohif.assert_no_error()


def drawn_on_slice(ohif: Ohif, index: int, wanted: list[tuple[str, ...]]) -> dict:
    """Return lines and texts over a slice once these texts are there and no others.

    OHIF sometimes draws the annotations of a report only after the next change of slice.
    """
    seen: dict = {}

    def is_drawn() -> bool:
        seen.update(ohif.ask("drawn"))
        there = sorted(tuple(text) for text in seen["texts"])
        if there == sorted(wanted):
            return True
        ohif.show_slice((index + 1) % 2)
        ohif.show_slice(index)
        return False

    ohif.show_slice(index)
    ohif.until(is_drawn, f"{wanted} is drawn on slice {index}")
    return seen


def assert_points_at(ohif: Ohif, drawn: dict, group: Said) -> None:
    """Some line must end where the report's point is."""
    world = ohif.ask("worldFromImage", points=[group.point])
    (place,) = ohif.ask("canvasFromWorld", points=world)
    ends = np.array(drawn["lines"]).reshape(-1, 2)
    assert np.linalg.norm(ends - place, axis=1).min() < 6, group.subject


def said(report: Dataset) -> Iterator[Said]:
    container = next(
        item for item in report.ContentSequence if name(item) == "Imaging Measurements"
    )
    for group in container.ContentSequence:
        numbers = [item for item in group.ContentSequence if item.ValueType == "NUM"]
        point = next(item for item in numbers[0].ContentSequence if item.ValueType == "SCOORD")
        image = point.ContentSequence[0].ReferencedSOPSequence[0]
        yield Said(
            text(group, "Tracking Identifier").rsplit(":", 1)[-1],
            text(group, "Comment"),
            tuple(number(item) for item in numbers),
            str(image.ReferencedSOPInstanceUID),
            (float(point.GraphicData[0]), float(point.GraphicData[1])),
        )


def name(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning)


def text(group: Dataset, concept: str) -> str:
    return next(str(item.TextValue) for item in group.ContentSequence if name(item) == concept)


def number(item: Dataset) -> str:
    """Print a number as OHIF does."""
    measured = item.MeasuredValueSequence[0]
    unit = measured.MeasurementUnitsCodeSequence[0].CodeValue
    return f"{name(item)}: {float(measured.NumericValue):.2f} {unit}"
