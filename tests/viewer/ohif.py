"""OHIF as a reader uses it: studies and series opened, panels read, rows pressed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.viewer.browser import Browser
from tests.viewer.pacs import Viewer
from tests.viewer.studies import SentStudy

_PATIENCE_S = 60.0


@dataclass
class Ohif:
    """The viewer's page in a browser."""

    browser: Browser
    pacs: Viewer
    pictures: Path
    _stored: set[str] = field(default_factory=set)

    def open(self, study: SentStudy) -> None:
        """Open a study afresh; nothing of what was open before is left."""
        if study.uid not in self._stored:
            for path in (*study.images, *study.objects):
                self.pacs.store(path)
            self._stored.add(study.uid)
        self.browser.do("open", url=f"{self.pacs.url}/viewer?StudyInstanceUIDs={study.uid}")
        listed = study.series
        self.until(lambda: len(self.ask("thumbnails")) == listed, "all series are listed")
        self.until(lambda: self.ask("viewport")["loaded"], "the first image is shown")

    def ask(self, function: str, **argument: object) -> Any:
        """Run one of the functions of `in_page.mjs`."""
        return self.browser.ask(function, **argument)

    def press(self, label: str) -> None:
        """Press a button as soon as it is there."""
        self.until(lambda: self.ask("press", label=label), f"{label} can be pressed")

    def open_series(self, name: str, *, has_image: bool = True) -> None:
        """Open the series with these words in its description."""
        at = self.ask("thumbnail", name=name)
        assert at is not None, f"{name} is not listed"
        self.browser.do("click", count=2, **at)

        def is_shown() -> bool:
            seen = self.ask("viewport")
            return name in (seen["series"] or "") and (seen["loaded"] or not has_image)

        self.until(is_shown, f"{name} is shown")

    def lay_over(self, name: str) -> list[tuple[str, tuple[int, ...]]]:
        """Lay a segmentation over the images; return names and colors as the panel lists them."""
        before = self.ask("viewport")["overlays"]
        self.open_series(name)
        self.press("yes-hydrate-btn")
        self.until(lambda: self.ask("viewport")["overlays"] == before + 1, f"{name} lies over")
        return [(row, _components(color)) for row, color in self.ask("segmentRows")]

    def show_slice(self, index: int) -> None:
        """Show a slice of the open series."""
        self.ask("showSlice", slice=index)
        self.until(lambda: self.ask("viewport")["slice"] == index, f"slice {index} is shown")

    def colors_at(self, index: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the colors drawn on a slice at points of the patient.

        Parameters
        ----------
        points : LPS, mm, shape (n, 3)

        Returns
        -------
        red, green and blue in 0 to 255, shape (n, 3); NaN outside the canvas
        """
        nothing = [np.nan] * 3
        drawn = self.ask("colorsOnSlice", slice=index, points=points.round(4).tolist())
        return np.array([color or nothing for color in drawn], dtype=float)

    def picture(self, name: str) -> Path:
        """Keep a picture of the whole page."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"{name}.png"
        self.browser.do("screenshot", path=str(path))
        return path

    def until(
        self, condition: Callable[[], Any], what: str, patience_s: float = _PATIENCE_S
    ) -> None:
        """Wait for the page; the time is that of a crowded machine."""
        deadline = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline:
                self.picture("failed")
                raise AssertionError(f"not so: {what}; {self.browser.do('errors')}")
            time.sleep(0.1)

    def assert_no_error(self) -> None:
        """Fail if the page broke anywhere since the study was opened."""
        errors = self.browser.do("errors")
        assert not [line for line in errors if "Error Boundary" in line or "ErrorBoundary" in line]
        assert not [line for line in errors if line.startswith("page error")]
        assert "Something went wrong" not in self.ask("words")


def _components(color: str) -> tuple[int, ...]:
    """Return the numbers of a color such as rgb(235, 115, 85)."""
    return tuple(int(part) for part in color.strip("rgb()").split(","))
