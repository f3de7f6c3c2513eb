"""Key pictures: the middle sagittal slices with outlines, level names and what becomes of discs."""

from collections.abc import Sequence

from spine.errors import Refusal
from spine.findings import DiscAssessment, Findings, ModelReference, ScaleForecast, Segmentation
from spine.reporting import wording, wording_discs
from spine.reporting.context import RunContext
from spine.reporting.doubts import scale_of
from spine.reporting.drawing import FAINT, WARNING, Page, Style
from spine.reporting.page_frame import (
    BOTTOM,
    HEIGHT,
    MARGIN,
    WIDTH,
    draw_footer,
    draw_header,
    paste,
)
from spine.reporting.spine_picture import SpinePicture, draw_outlined, middle_slice
from spine.reporting.summary_discs import draw_mark

Item = DiscAssessment | Refusal

# To either side of the middle: bulges lie off it.
_NEIGHBORS = 1
_WORDS_WIDTH = 470
_CAPTION_HEIGHT = 28
_GAP = 16
_LEVEL = Style(21, bold=True)
_STATE = Style(17)
_CODE = Style(15, WARNING)
_CAPTION = Style(16, FAINT)


def compose_key_pictures(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> tuple[Page, ...]:
    """Draw a page for each slice; none where nothing is segmented.

    Returns
    -------
    Pages of 1600 x 1200 pixels, from the patient's left to right, without name, identifier
    or date of the patient.
    """
    segmentation = findings.segmentation
    if isinstance(segmentation, Refusal):
        return ()
    pages = []
    for slice_index in _slices(segmentation):
        page = Page(WIDTH, HEIGHT)
        count = segmentation.volume.grid.shape[0]
        top = draw_header(page, wording.key_title(slice_index + 1, count), run)
        _draw_slice(page, findings, segmentation, (slice_index, top))
        draw_footer(page, findings, references, run)
        pages.append(page)
    return tuple(pages)


def _slices(segmentation: Segmentation) -> range:
    middle, count = middle_slice(segmentation), segmentation.volume.grid.shape[0]
    return range(max(0, middle - _NEIGHBORS), min(count, middle + _NEIGHBORS + 1))


def _draw_slice(
    page: Page, findings: Findings, segmentation: Segmentation, place: tuple[int, int]
) -> None:
    slice_index, top = place
    words_left = WIDTH - MARGIN - _WORDS_WIDTH
    bottom = BOTTOM - _CAPTION_HEIGHT
    room = words_left - 2 * MARGIN - _GAP, bottom - top
    right = words_left - _GAP
    # Beside the words stands the picture that is enlarged most.
    for picture in reversed(draw_outlined(segmentation, slice_index, room)):
        corner = right - picture.pixels.shape[1], top
        paste(page, picture, corner)
        if right == words_left - _GAP:
            _draw_discs(page, findings.discs, _points(picture, corner), (words_left, top, bottom))
        right = corner[0] - _GAP
    page.text((MARGIN, bottom + 6), wording.key_caption(segmentation), _CAPTION)


def _points(picture: SpinePicture, corner: tuple[int, int]) -> dict[str, tuple[float, float]]:
    left, top = corner
    return {item.name: (left + item.at[0], top + item.at[1]) for item in picture.discs}


def _draw_discs(
    page: Page,
    discs: Sequence[Item],
    points: dict[str, tuple[float, float]],
    box: tuple[int, int, int],
) -> None:
    """Write what is known of each disc, at its height where there is room for that."""
    left, top, bottom = box
    if not discs:
        page.text((left, top), wording_discs.NO_DISCS, _STATE)
        return
    wanted = [points.get(_name(disc), (0.0, 0.0))[1] - _height(disc) / 2 for disc in discs]
    tops = _spread(wanted, [_height(disc) for disc in discs], (top, bottom))
    for disc, y in zip(discs, tops, strict=True):
        if _name(disc) in points:
            x, disc_y = points[_name(disc)]
            page.line((x, disc_y, left - 6, y + _LEVEL.line_height / 2), FAINT, 1)
        _draw_disc(page, disc, (left, y))


def _spread(
    wanted: Sequence[float], heights: Sequence[float], limits: tuple[int, int]
) -> list[float]:
    """Move blocks down until none overlaps another, then up until all lie above the bottom."""
    top, bottom = limits
    tops: list[float] = []
    least = float(top)
    for want, height in zip(wanted, heights, strict=True):
        tops.append(max(want, least))
        least = tops[-1] + height
    most = float(bottom)
    for number in range(len(tops) - 1, -1, -1):
        tops[number] = min(tops[number], most - heights[number])
        most = tops[number]
    return tops


def _draw_disc(page: Page, disc: Item, at: tuple[float, float]) -> None:
    x, y = at
    page.text(at, _name(disc), _LEVEL)
    y += _LEVEL.line_height
    for item in _parts(disc):
        if isinstance(item, Refusal):
            scale = scale_of(item)
            name = f"{wording_discs.SCALE_NAMES[scale]} " if scale else ""
            page.text((x, y), f"{name}{wording.NOT_GIVEN}: {item.code}", _CODE)
        else:
            draw_mark(page, item.progression, (x + 10, y + _STATE.line_height / 2))
            page.text((x + 30, y), wording_discs.state_line(item), _STATE)
        y += _STATE.line_height


def _name(disc: Item) -> str:
    return disc.subject if isinstance(disc, Refusal) else str(disc.level)


def _parts(disc: Item) -> tuple[ScaleForecast | Refusal, ...]:
    return (disc,) if isinstance(disc, Refusal) else disc.forecasts


def _height(disc: Item) -> float:
    return _LEVEL.line_height + len(_parts(disc)) * _STATE.line_height + _GAP
