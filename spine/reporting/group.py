"""A group of a measurement report: one result, or what an earlier report says."""

from dataclasses import dataclass

from pydicom.sr.coding import Code

from spine.findings import ModelReference
from spine.reporting.course import EarlierStudy
from spine.reporting.sources import Anchor


@dataclass(frozen=True, slots=True)
class Number:
    """A measured or estimated value."""

    name: Code
    value: float
    unit: Code


@dataclass(frozen=True, slots=True)
class Group:
    """One result.

    Attributes
    ----------
    subject : ``"age"``, a disc level, ``"study"``
    sentence : what the reader shall know, without the prefix
    numbers : the first is truly measured and carries the anchor
    models : what the numbers come from, the most important first
    states : coded evaluations, name and value
    texts : evaluations that have no code: a refusal's code, the evidence
    earlier : the study that it is about where that is not this one
    """

    subject: str
    sentence: str
    finding: Code
    site: Code
    anchor: Anchor
    numbers: tuple[Number, ...]
    models: tuple[ModelReference, ...] = ()
    states: tuple[tuple[Code, Code], ...] = ()
    texts: tuple[tuple[Code, str], ...] = ()
    earlier: EarlierStudy | None = None
