import subprocess
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL.PdfParser import PdfParser
from pydicom import dcmread

from spine.reporting.drawing import Page, Style
from spine.reporting.kinds import Kind
from spine.reporting.pdf import pdf_from_pages
from spine.reporting.wording import DEMONSTRATION_NOTICE

pytestmark = pytest.mark.slow

MOMENT = datetime(2025, 3, 15, 10, 30, 12, tzinfo=UTC)


def document(written, case: str, *, demonstration: bool = False):
    made = written(case, demonstration=demonstration, kinds=frozenset({Kind.DOCUMENT})).objects
    return dcmread(made["document"])


def pdf_of(dataset) -> bytes:
    return dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength]


def test_pages_are_the_pictures(written):
    dataset = document(written, "with_everything")
    assert dataset.SOPClassUID.name == "Encapsulated PDF Storage"
    assert dataset.MIMETypeOfEncapsulatedDocument == "application/pdf"
    pdf = PdfParser(buf=pdf_of(dataset))
    assert len(pdf.pages) == 3
    assert len(PdfParser(buf=pdf_of(document(written, "out_of_scope"))).pages) == 1


def test_it_names_its_sources_and_no_patient_on_its_pages(written, findings):
    dataset = document(written, "findings")
    sources = {item.ReferencedSOPInstanceUID for item in dataset.SourceInstanceSequence}
    assert sources == {item.sop_instance_uid for item in findings.selection.series.instances}
    assert dataset.BurnedInAnnotation == "NO"
    assert b"Phantom" not in pdf_of(dataset)


@pytest.mark.parametrize("demonstration", [False, True])
def test_title_says_what_it_is_not_for(demonstration, written):
    title = document(written, "findings", demonstration=demonstration).DocumentTitle
    assert "Research use only" in title
    assert (DEMONSTRATION_NOTICE in title) == demonstration


def test_words_can_be_searched(written, program, tmp_path):
    path = tmp_path / "summary.pdf"
    path.write_bytes(pdf_of(document(written, "with_everything")))
    done = subprocess.run(
        [program("pdftotext"), "-layout", str(path), "-"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    words = done.stdout.decode()
    for wanted in (
        "61.3 years",
        "RESEARCH USE ONLY",
        "L4/L5",
        "3->4",
        "P(worse) 66%",
        "no finding",
    ):
        assert wanted in words, wanted


def small_page(color: tuple[int, int, int]) -> Page:
    page = Page(40, 20)
    page.box((0, 0, 40, 20), color)
    page.text((2, 2), r"a(b)\c → d", Style(8))
    return page


def test_equal_pages_and_moment_give_equal_bytes():
    pages = [small_page((200, 10, 10))]
    first = pdf_from_pages(pages, "title", MOMENT)
    assert first == pdf_from_pages(pages, "title", MOMENT)
    assert first != pdf_from_pages(pages, "title", MOMENT + timedelta(seconds=1))
    assert first != pdf_from_pages([small_page((10, 200, 10))], "title", MOMENT)


def test_page_holds_its_pixels_and_its_words_escaped():
    page = small_page((200, 10, 10))
    pdf = PdfParser(buf=pdf_from_pages([page], "title", MOMENT))
    found = pdf.read_indirect(pdf.pages[0])
    image = pdf.read_indirect(found[b"Resources"][b"XObject"][b"page"])
    pixels = np.frombuffer(image.decode(), dtype=np.uint8).reshape(20, 40, 3)
    assert np.array_equal(pixels, page.pixels)
    content = pdf.read_indirect(found[b"Contents"]).buf.decode("cp1252")
    assert r"(a\(b\)\\c -> d) Tj" in content
    assert "3 Tr" in content, "words are drawn over the picture"
