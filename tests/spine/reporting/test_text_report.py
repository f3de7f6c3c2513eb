import subprocess

import pytest
from pydicom import Dataset, dcmread

from spine.reporting import wording
from spine.reporting.kinds import Kind

pytestmark = pytest.mark.slow

CASES = ["findings", "all_refused", "out_of_scope", "with_cautions", "with_gradings"]
TEXT_REPORT = frozenset({Kind.TEXT_REPORT})


def read(written, case: str, *, demonstration: bool = False) -> Dataset:
    return dcmread(
        written(case, demonstration=demonstration, kinds=TEXT_REPORT).objects["text-report"]
    )


def sections(report: Dataset) -> list[Dataset]:
    (findings,) = (item for item in report.ContentSequence if item.ValueType == "CONTAINER")
    assert findings.ConceptNameCodeSequence[0].CodeValue == "121070"
    return list(findings.ContentSequence)


def values(section: Dataset, value_type: str) -> list[Dataset]:
    return [item for item in section.ContentSequence if item.ValueType == value_type]


def test_it_is_an_enhanced_report_that_nobody_has_verified(written):
    report = read(written, "findings")
    assert report.SOPClassUID.name == "Enhanced SR Storage"
    assert report.ConceptNameCodeSequence[0].CodeValue == "18748-4"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "2000"
    flags = report.CompletionFlag, report.PreliminaryFlag, report.VerificationFlag
    assert flags == ("COMPLETE", "PRELIMINARY", "UNVERIFIED")


@pytest.mark.parametrize("case", CASES)
def test_it_says_what_the_measurement_report_says(case, written):
    measured = dcmread(written(case).objects["structured-report"])
    (container,) = (
        item
        for item in measured.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements"
    )
    found = sections(read(written, case))
    assert len(found) == len(container.ContentSequence)
    for section, group in zip(found, container.ContentSequence, strict=True):
        comment = next(
            item.TextValue
            for item in values(group, "TEXT")
            if item.ConceptNameCodeSequence[0].CodeValue == "121106"
        )
        assert comment == f"RESEARCH: {values(section, 'TEXT')[0].TextValue}"
        numbers = [
            [float(item.MeasuredValueSequence[0].NumericValue) for item in values(part, "NUM")]
            for part in (section, group)
        ]
        assert numbers[0] == numbers[1]


def test_discs_are_headed_by_their_level(written):
    headings = [
        item.ConceptNameCodeSequence[0].CodeMeaning for item in sections(read(written, "findings"))
    ]
    assert headings == [
        "Spine age, bias-corrected", "L1/L2 disc", "L2/L3 disc", "L3/L4 disc", "L4/L5 disc",
        "L5/S1 disc",
    ]  # fmt: skip


@pytest.mark.parametrize("demonstration", [False, True])
def test_notices_and_models_come_first(demonstration, written, references):
    report = read(written, "findings", demonstration=demonstration)
    said = [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]
    notices = wording.notices(demonstration=demonstration)
    # Of the observer, before them, only the device's name and maker are texts.
    assert tuple(said[-len(notices) - 1 : -1]) == notices
    assert said[-1] == wording.models_line(references, "0.1.0")


def test_nothing_is_drawn(written):
    kinds = {element.value for element in read(written, "findings").iterall()
             if element.keyword == "ValueType"}  # fmt: skip
    assert not kinds & {"SCOORD", "SCOORD3D"}


@pytest.mark.parametrize("case", CASES)
def test_dsr2html_renders_every_sentence(case, written, program, tmp_path):
    path = written(case, kinds=TEXT_REPORT).objects["text-report"]
    page = tmp_path / "report.html"
    subprocess.run(
        [program("dsr2html"), "+U8", str(path), str(page)],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    html = page.read_text(encoding="utf-8")
    for section in sections(dcmread(path)):
        words = values(section, "TEXT")[0].TextValue.split(" ", 3)[:3]
        assert " ".join(words).replace(">", "&gt;") in html
