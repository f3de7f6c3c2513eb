"""A page to draw on: text, boxes and marks in few sizes and colors."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]

BACKGROUND: Color = (16, 20, 26)
PANEL: Color = (30, 37, 47)
RULE: Color = (74, 84, 99)
TEXT: Color = (232, 236, 241)
FAINT: Color = (166, 176, 189)
ACCENT: Color = (122, 190, 255)
WARNING: Color = (255, 205, 80)
INK: Color = (20, 20, 20)
# Behind a gap: what the model's own error explains.
BAND: Color = (64, 92, 122)


@dataclass(frozen=True, slots=True)
class Style:
    """How words look; a halo keeps them legible on an image."""

    size: int
    color: Color = TEXT
    bold: bool = False
    halo: bool = False

    @property
    def line_height(self) -> int:
        return round(1.3 * self.size)


@cache
def font(style: Style) -> ImageFont.FreeTypeFont:
    """Load a face that ships with this package, so that every machine draws alike."""
    name = "DejaVuSans-Bold.ttf" if style.bold else "DejaVuSans.ttf"
    with as_file(files("spine.reporting") / "fonts" / name) as path:
        # The basic layout engine does not depend on libraries of the machine.
        return ImageFont.truetype(path, style.size, layout_engine=ImageFont.Layout.BASIC)


def text_width(words: str, style: Style) -> float:
    """Measure a line in pixels."""
    return float(font(style).getlength(words))


def wrap(words: str, style: Style, width: float) -> list[str]:
    """Break a sentence into lines no wider than `width`; a longer word keeps a line to itself."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, style) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words on a page, and the box that they cover (left, top, right, bottom)."""

    words: str
    box: tuple[float, float, float, float]


class Page:
    """An RGB canvas with the few things that a report page needs."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width, height), BACKGROUND)
        self._draw = ImageDraw.Draw(self._image)
        self._written: list[tuple[tuple[float, float], str, Style, str]] = []

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8, shape (rows, columns, 3)."""
        return np.asarray(self._image).copy()

    @property
    def lines(self) -> list[Line]:
        """All that is written on the page, in the order of writing."""
        return [
            Line(words, self._draw.textbbox(at, words, font=font(style), anchor=anchor))
            for at, words, style, anchor in self._written
        ]

    def text(self, at: tuple[float, float], words: str, style: Style, anchor: str = "la") -> None:
        """Write one line; `anchor` as Pillow names it (left, ascender by default)."""
        self._written.append((at, words, style, anchor))
        self._draw.text(
            at,
            words,
            fill=style.color,
            font=font(style),
            anchor=anchor,
            stroke_width=2 if style.halo else 0,
            stroke_fill=INK,
        )

    def paragraph(self, at: tuple[float, float], words: str, style: Style, width: float) -> float:
        """Write a wrapped paragraph; return the y below it."""
        x, y = at
        for line in wrap(words, style, width):
            self.text((x, y), line, style)
            y += style.line_height
        return y

    def box(self, corners: tuple[float, float, float, float], fill: Color) -> None:
        """Fill a rectangle (left, top, right, bottom)."""
        self._draw.rectangle(corners, fill=fill)

    def line(self, ends: tuple[float, float, float, float], color: Color, width: int = 2) -> None:
        """Draw a straight line."""
        self._draw.line(ends, fill=color, width=width)

    def circle(self, center: tuple[float, float], radius: float, color: Color) -> None:
        """Fill a circle."""
        x, y = center
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def polygon(self, corners: list[tuple[float, float]], color: Color) -> None:
        """Fill a polygon."""
        self._draw.polygon(corners, fill=color)

    def diamond(self, center: tuple[float, float], radius: float, color: Color) -> None:
        """Fill a diamond, which is today's value wherever one is drawn."""
        x, y = center
        self.polygon([(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)], color)

    def paste(self, picture: NDArray[np.uint8], at: tuple[int, int]) -> None:
        """Copy an RGB picture onto the page."""
        self._image.paste(Image.fromarray(picture), at)
