"""TRIPOD+AI and CLAIM: every item, what it asks in our words, and where it is answered."""

from importlib.resources import files

import pandas as pd

from research.pages import Section, Table

TITLES = {
    "tripod-ai": "TRIPOD+AI (Collins et al. 2024, doi 10.1136/bmj-2023-078378)",
    "claim": "CLAIM, 2024 update (Tejani et al. 2024, doi 10.1148/ryai.240300)",
}
SECTION, LEFT = "section: ", "left to the site"
"""How the column `where` names a section of the page, and what no program can know."""


def checklist(name: str) -> pd.DataFrame:
    """Read a checklist: item, asks, answer, where (several apart by semicolons)."""
    path = files("research.validation.spine_age") / "checklists" / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        # "None" is an answer.
        return pd.read_csv(file, dtype=str, keep_default_na=False)


def places(where: str) -> list[str]:
    """Return the places that a line of a checklist names."""
    return [place.strip() for place in where.split(";")]


def checklists_section() -> Section:
    """Show both checklists."""
    return Section(
        "Checklists",
        [
            "Items in this project's words; the numbers are the guidelines'. A document is one of "
            "this repository.",
            *(Table(name, checklist(name), title) for name, title in TITLES.items()),
        ],
    )
