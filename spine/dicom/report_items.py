"""The content of a structured report, read with distrust: what is malformed is not there."""

from collections.abc import Iterator

from pydicom import Dataset
from pydicom.sr.coding import Code

from spine.dicom.elements import items_of, text_of

CodeKey = tuple[str, str]
"""Code value and scheme: meanings are for readers and may be translated."""


def key_of(code: Code) -> CodeKey:
    """Return what identifies a code."""
    return code.value, code.scheme_designator


def containers(item: Dataset) -> Iterator[Dataset]:
    """Yield every container below an item, however deep it lies."""
    for child in items_of(item, "ContentSequence"):
        if text_of(child, "ValueType") == "CONTAINER":
            yield child
            yield from containers(child)


def answers(group: Dataset) -> dict[CodeKey, CodeKey]:
    """Return the coded content of a measurement group, by concept name."""
    pairs = (
        (name, code_of(item, "ConceptCodeSequence")) for name, item in named_items(group, "CODE")
    )
    return {name: value for name, value in pairs if value is not None}


def texts(group: Dataset) -> dict[CodeKey, tuple[str, ...]]:
    """Return the texts of a measurement group, by concept name, in their order."""
    found: dict[CodeKey, tuple[str, ...]] = {}
    for name, item in named_items(group, "TEXT"):
        found[name] = (*found.get(name, ()), text_of(item, "TextValue"))
    return found


def named_items(group: Dataset, value_type: str) -> Iterator[tuple[CodeKey, Dataset]]:
    """Yield a container's items of one value type that have a concept name."""
    for item in items_of(group, "ContentSequence"):
        name = code_of(item, "ConceptNameCodeSequence")
        if text_of(item, "ValueType") == value_type and name is not None:
            yield name, item


def code_of(item: Dataset, keyword: str) -> CodeKey | None:
    """Return the code in a sequence of one; None where there is none."""
    for code in items_of(item, keyword):
        return text_of(code, "CodeValue"), text_of(code, "CodingSchemeDesignator")
    return None
