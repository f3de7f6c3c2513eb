"""One report: a page of HTML, its pictures, and every table as CSV beside it.

accuracy = Table("accuracy", frame, "Table 3.", printed=("P1 MAE",))
figure = Picture("errors", drawn, alt="Boxes of the absolute error by age", caption="Figure 4.")
page = Page("Spine age", Data.SYNTHETIC, [Section("Accuracy", ["Words.", accuracy, figure])])
page.write(Path("build/report"))  # index.html, errors.png, accuracy.csv
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from research.measurements import Data

PAGE_FILE = "index.html"
BANNERS = {
    Data.SYNTHETIC: "Synthetic data: no clinical performance claim.",
    Data.REAL: "Real data. For research, not for the care of patients.",
    Data.NONE: "No data of patients.",
}
_DPI = 120
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page; also written as ``<name>.csv`` with every digit.

    Attributes
    ----------
    name : of its file; small letters, digits and hyphens
    frame : its index is left out; a missing value shows as a dash
    printed : columns that hold what a paper printed, set apart on the page
    decimals : shown of numbers that are not whole
    finer : columns that are shown with another number of decimals
    """

    name: str
    frame: pd.DataFrame
    caption: str = ""
    printed: Sequence[str] = ()
    decimals: int = 2
    finer: Mapping[str, int] = field(default_factory=dict)

    def places(self, column: str) -> int:
        """Return the number of decimals that a column is shown with."""
        return self.finer.get(column, self.decimals)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the page, written as ``<name>.<kind>``.

    Attributes
    ----------
    alt : what is to be seen, for who cannot see it; not empty
    kind : PNG for many points, SVG for few
    """

    name: str
    figure: Figure
    alt: str
    caption: str = ""
    kind: Literal["png", "svg"] = "png"

    @property
    def file(self) -> str:
        """Name of the picture's file."""
        return f"{self.name}.{self.kind}"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it, in order; a ``str`` is a paragraph, never HTML."""

    title: str
    parts: Sequence[str | Table | Picture]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Attributes
    ----------
    data : what every figure was measured on; the banner says so
    sections : in the order of the table of contents
    lead : one line below the title, such as what was run and when

    Raises
    ------
    ValueError
        If two parts have one name, a name does not fit a file, or a picture has no alt text.
    """

    title: str
    data: Data
    sections: Sequence[Section]
    lead: str = ""

    def __post_init__(self) -> None:
        parts = [part for section in self.sections for part in section.parts]
        named = [part for part in parts if not isinstance(part, str)]
        for name, times in Counter(part.name for part in named).items():
            if times > 1 or not _NAME.fullmatch(name) or name == "index":
                raise ValueError(f"name of a table or picture: {name!r}")
        for part in named:
            if isinstance(part, Picture) and not part.alt.strip():
                raise ValueError(f"picture {part.name!r} has no alt text")

    def write(self, folder: Path) -> Path:
        """Write pictures and tables, then the page that shows them; return the page's path."""
        folder.mkdir(parents=True, exist_ok=True)
        for section in self.sections:
            for part in section.parts:
                if isinstance(part, Table):
                    part.frame.to_csv(folder / f"{part.name}.csv", index=False)
                elif isinstance(part, Picture):
                    _save(part, folder / part.file)
        path = folder / PAGE_FILE
        path.write_text(render(self), encoding="utf-8")
        return path


def render(page: Page) -> str:
    """Return the page as HTML; all text is escaped."""
    environment = Environment(
        loader=PackageLoader("research.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = cell
    environment.tests["text"] = lambda part: isinstance(part, str)
    environment.tests["table"] = lambda part: isinstance(part, Table)
    environment.tests["numeric"] = pd.api.types.is_number
    template = environment.get_template("page.html.j2")
    return template.render(page=page, banner=BANNERS[page.data])


def cell(value: object, decimals: int) -> str:
    """Return a cell's text: a dash for what is missing, a true minus, whole numbers whole."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{int(value):,}".replace("-", "\N{MINUS SIGN}")
    if isinstance(value, float | np.floating):
        rounded = round(float(value), decimals) + 0.0
        return f"{rounded:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
    return str(value)


def _save(picture: Picture, path: Path) -> None:
    # No date and no random ids: the same figures give the same bytes.
    metadata = {"Date": None} if picture.kind == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": picture.name}):
        picture.figure.savefig(path, dpi=_DPI, bbox_inches="tight", metadata=metadata)
