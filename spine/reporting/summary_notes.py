"""What was not given and why, doubts, and what the page's numbers rest on."""

from spine.findings import Findings
from spine.reporting import wording
from spine.reporting.doubts import cautions, refusals
from spine.reporting.drawing import FAINT, WARNING, Page, Style, wrap

_HEADING = Style(20, WARNING, bold=True)
_BODY = Style(17)
_FAINT = Style(16, FAINT)
_GAP = 6
_LEAST_HEIGHT = _HEADING.line_height + _FAINT.line_height + _GAP


def note_lines(findings: Findings) -> list[tuple[str, list[str]]]:
    """Return the headings and sentences of the notes: refusals by reason, then cautions."""
    notes = []
    by_reason: dict[tuple[str, str], list[str]] = {}
    for refusal in refusals(findings):
        by_reason.setdefault((refusal.code, refusal.reason), []).append(refusal.subject)
    if by_reason:
        lines = [wording.grouped_refusal(*key, subjects) for key, subjects in by_reason.items()]
        notes.append((wording.REFUSALS_HEADING, lines))
    if doubts := cautions(findings):
        lines = [wording.caution_sentence(caution) for caution in doubts]
        notes.append((wording.CAUTIONS_HEADING, lines))
    return notes


def draw_notes(
    page: Page, findings: Findings, corner: tuple[int, int], room: tuple[int, int]
) -> None:
    """Draw the notes into a room (width, height); what does not fit is counted."""
    x, y = corner
    notes = note_lines(findings)
    for index, (heading, lines) in enumerate(notes):
        # Whatever comes below keeps room for its heading and for a count of what it holds.
        bottom = corner[1] + room[1] - _LEAST_HEIGHT * (len(notes) - index - 1)
        page.text((x, y), heading, _HEADING)
        y = _draw_lines(page, lines, (x, y + _HEADING.line_height), (room[0], bottom)) + _GAP


def _draw_lines(
    page: Page, lines: list[str], at: tuple[float, float], limits: tuple[int, int]
) -> int:
    x, y = at
    width, bottom = limits
    for index, line in enumerate(lines):
        needed = _BODY.line_height * len(wrap(line, _BODY, width))
        last = index == len(lines) - 1
        if y + needed + (0 if last else _FAINT.line_height) > bottom:
            page.text((x, y), wording.more_in_report(len(lines) - index, shown=index), _FAINT)
            return int(y + _FAINT.line_height)
        y = page.paragraph((x, y), line, _BODY, width) + 3
    return int(y)
