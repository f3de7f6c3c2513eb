"""Pages and documents in OHIF: each opens and shows what was sent."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from spine.findings import AgeEstimate
from spine.reporting import wording, wording_age, wording_discs

# One PACS and one viewer for all of them, also where tests run in parallel.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("viewer")]


def test_summary_page_is_shown_pixel_by_pixel(ohif, demonstration_study):
    ohif.open(demonstration_study)
    ((series, path),) = demonstration_study.objects_of("OT").items()
    ohif.open_series(series)
    page = dcmread(path).pixel_array
    rows, columns = points_in_flat_places(page)
    world = ohif.ask("worldFromImage", points=np.stack([columns, rows], axis=1).tolist())
    wanted = page[rows, columns].astype(float)

    def is_shown() -> bool:
        drawn = ohif.colors_at(0, np.array(world))
        return bool((np.abs(drawn - wanted).max(axis=1) <= 3).all())

    ohif.until(is_shown, "the page's colors are drawn")
    ohif.picture("summary-page")
    ohif.assert_no_error()


def test_key_pictures_open_as_one_series(ohif, full_study):
    ohif.open(full_study)
    keys = [path for path in full_study.objects if "key-picture" in path.name]
    ohif.open_series("SpineMAP key pictures")
    assert ohif.ask("viewport")["slices"] == len(keys) > 1
    ohif.picture("key-pictures")
    ohif.assert_no_error()


def test_document_opens_whole(ohif, full_study):
    ohif.open(full_study)
    (path,) = full_study.objects_of("DOC").values()
    ohif.open_series("SpineMAP summary document", has_image=False)
    ohif.until(lambda: ohif.ask("embeddedDocument") is not None, "the document is embedded")
    sent = dcmread(path)
    shown = ohif.ask("embeddedDocument")
    assert shown["start"] == "%PDF-"
    assert 0 <= shown["length"] - sent.EncapsulatedDocumentLength <= 1
    ohif.until(lambda: is_drawn(ohif.picture("document")), "the document is drawn")
    ohif.assert_no_error()


def test_heat_is_drawn_where_it_lies_and_more_heat_looks_hotter(ohif, full_study):
    age = full_study.findings.age
    assert isinstance(age, AgeEstimate)
    ohif.open(full_study)
    ohif.open_series("SpineMAP heat map, older")
    stack = {item["instance"]: item["plane"] for item in ohif.ask("stack")}
    seen = ohif.ask("viewport")
    position = np.array(stack[seen["instance"]]["imagePositionPatient"])
    heat = age.heat.older
    i = round(float(heat.grid.index_from_world(position * [-1, -1, 1])[0]))

    def drawn(share: float) -> np.ndarray:
        j, k = np.nonzero(heat.data[i] == share)
        # The middle of the area, away from its smoothed borders.
        inside = (abs(j - j.mean()) < 3) & (abs(k - k.mean()) < 4)
        index = np.stack([np.full(inside.sum(), i), j[inside], k[inside]], axis=1)
        return ohif.colors_at(seen["slice"], heat.grid.world_from_index(index) * [-1, -1, 1])

    ohif.until(lambda: np.ptp(drawn(1.0), axis=1).min() > 40, "the hottest area has a color")
    hot, warm = drawn(1.0), drawn(0.5)
    # OHIF's scale of colors runs from blue by green to red.
    assert (hot[:, 0] > hot[:, 1] + 40).all()
    assert (warm[:, 1] > warm[:, 0] + 40).all()
    ohif.picture("heat-map")
    ohif.assert_no_error()


def test_text_report_opens_as_words(ohif, full_study):
    findings = full_study.findings
    ohif.open(full_study)
    ohif.open_series("SpineMAP text report", has_image=False)
    sentences = [wording_age.age_sentence(findings.age), wording.RESEARCH_NOTICE]
    sentences += [wording_discs.disc_sentence(disc) for disc in findings.discs]
    shown = "all sentences are shown"
    ohif.until(lambda: all(words in ohif.ask("words") for words in sentences), shown)
    ohif.picture("text-report")
    ohif.assert_no_error()


def test_each_object_has_its_own_entry(ohif, demonstration_study):
    ohif.open(demonstration_study)
    listed = ohif.ask("thumbnails")
    for path in demonstration_study.objects:
        header = dcmread(path, stop_before_pixels=True)
        entries = [words for words in listed if str(header.SeriesDescription) in words]
        assert len(entries) == 1, header.SeriesDescription
        assert f"S:{header.SeriesNumber}" in entries[0]


def is_drawn(picture: Path) -> bool:
    """Whether the middle of the viewport is more than one gray."""
    return bool(np.asarray(Image.open(picture).convert("L"))[300:800, 600:1400].std() > 10)


def points_in_flat_places(page: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of pixels with neighbors of the same color, 50 of each color.

    The page is drawn smaller than it is, and smoothed: lines and letters have no pure color.
    """
    flat = np.ones(page.shape[:2], dtype=bool)
    for rows in range(-4, 5):
        for columns in range(-4, 5):
            flat &= (np.roll(page, (rows, columns), (0, 1)) == page).all(axis=2)
    flat[:5], flat[-5:], flat[:, :5], flat[:, -5:] = False, False, False, False
    rows, columns = np.nonzero(flat)
    colors, kinds = np.unique(page[rows, columns], axis=0, return_inverse=True)
    rng = np.random.default_rng(7)
    chosen = [rng.permutation(np.flatnonzero(kinds == kind))[:50] for kind in range(len(colors))]
    # Background, panel, warning, the band of the age at least.
    assert len(colors) > 3
    return rows[np.concatenate(chosen)], columns[np.concatenate(chosen)]
