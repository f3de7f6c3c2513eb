from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from research.measurements import Data
from research.pages import Page, Picture, Section, Table
from research.pages.page import BANNERS, cell


class Tags(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def figure():
    drawn = Figure(figsize=(1, 1))
    drawn.subplots().plot([0, 1])
    return drawn


def frame():
    return pd.DataFrame({"condition": ["a<b>", None], "effect": [-1.234, np.nan], "P1": [2, 3]})


def page(*parts, data=Data.SYNTHETIC):
    return Page("Gap & age", data, [Section("First", parts), Section("Last", ["<i>end</i>"])])


def test_page_stands_alone_with_its_pictures_and_tables_beside_it(tmp_path):
    parts = (Table("effects", frame()), Picture("line", figure(), alt="a line", kind="svg"))

    found = Tags(page(*parts).write(tmp_path / "new").read_text(encoding="utf-8"))

    links = [a["href"] for a in found.all("a")] + [i["src"] for i in found.all("img")]
    ids = [a["id"] for tag in ("section", "figure") for a in found.all(tag)]
    assert sorted(set(links)) == ["#section-1", "#section-2", "effects.csv", "line.svg"]
    assert all((tmp_path / "new" / name).stat().st_size for name in ("effects.csv", "line.svg"))
    assert {"section-1", "section-2", "effects", "line"} == set(ids)
    assert not found.all("script") and not found.all("link")
    assert found.all("img")[0]["alt"] == "a line"


def test_csv_holds_every_digit_and_the_page_the_rounded_value(tmp_path):
    text = page(Table("effects", frame(), decimals=1)).write(tmp_path).read_text(encoding="utf-8")

    assert pd.read_csv(tmp_path / "effects.csv")["effect"][0] == -1.234
    assert ">\N{MINUS SIGN}1.2</td>" in text
    assert ">–</td>" in text


def test_a_column_can_show_more_decimals(tmp_path):
    table = Table("effects", frame(), decimals=1, finer={"effect": 3})

    text = page(table).write(tmp_path).read_text(encoding="utf-8")

    assert ">\N{MINUS SIGN}1.234</td>" in text


def test_text_of_a_site_is_escaped(tmp_path):
    found = Tags(page(Table("effects", frame())).write(tmp_path).read_text(encoding="utf-8"))

    assert not found.all("b") and not found.all("i")
    assert "a<b>" in found.text and "<i>end</i>" in found.text


def test_printed_columns_are_set_apart(tmp_path):
    parts = Table("effects", frame(), printed=("P1",))

    found = Tags(page(parts).write(tmp_path).read_text(encoding="utf-8"))

    assert [a for a in found.all("th") if a.get("class") == "printed"] == [
        {"scope": "col", "class": "printed"}
    ]
    assert sum("printed" in a.get("class", "") for a in found.all("td")) == 2


@pytest.mark.parametrize("data", list(Data))
def test_the_banner_says_which_data(tmp_path, data):
    text = page("words", data=data).write(tmp_path).read_text(encoding="utf-8")

    assert BANNERS[data] in text
    assert ("no clinical performance claim" in text) == (data is Data.SYNTHETIC)


def test_equal_figures_give_equal_bytes(tmp_path):
    for folder in ("a", "b"):
        parts = [Picture(kind, figure(), "a line", kind=kind) for kind in ("png", "svg")]
        page(*parts).write(tmp_path / folder)

    for name in ("png.png", "svg.svg", "index.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    "parts",
    [
        (Table("a", frame()), Picture("a", figure(), "twice")),
        (Table("../a", frame()),),
        (Table("index", frame()),),
        (Picture("b", figure(), " "),),
    ],
)
def test_names_that_clash_or_leave_the_folder_and_silent_pictures_are_refused(parts):
    with pytest.raises(ValueError, match=r"name of|no alt"):
        page(*parts)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(8528), "8,528"),
        (-0.001, "0.00"),
        (True, "yes"),
        (None, "–"),
        (pd.NA, "–"),
        ("L4", "L4"),
        (np.float64(3.4567), "3.46"),
    ],
)
def test_cells(value, text):
    assert cell(value, 2) == text
