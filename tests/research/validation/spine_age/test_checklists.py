import re
from pathlib import Path

import pytest

import research
from research.validation.spine_age.checklists import LEFT, SECTION, TITLES, checklist, places

ROOT = Path(research.__file__).parents[1]
LETTERS = {3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef"}
LETTERS |= {20: "abc", 23: "ab", 27: "abc"}
ITEMS = {
    "tripod-ai": [f"{n}{letter}" for n in range(1, 28) for letter in LETTERS.get(n, [""])],
    "claim": [str(number) for number in range(1, 45)],
}


@pytest.mark.parametrize("name", list(TITLES))
def test_every_item_is_asked_and_answered_once(name):
    table = checklist(name)

    assert table["item"].tolist() == ITEMS[name]
    assert not table.isna().any().any()


@pytest.mark.parametrize("name", list(TITLES))
def test_every_document_that_is_named_exists(name):
    named = {place for where in checklist(name)["where"] for place in places(where)}
    documents = {place for place in named if place != LEFT and not place.startswith(SECTION)}

    assert {document for document in documents if not (ROOT / document).is_file()} == set()
    assert all(re.fullmatch(r"[\w./-]+", document) for document in documents)
