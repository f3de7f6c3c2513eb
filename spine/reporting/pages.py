"""The pages about a study, composed once for whoever shows them: as picture, capture, document."""

from collections.abc import Iterator
from dataclasses import dataclass

from spine.findings import Findings, ModelReference
from spine.reporting.context import RunContext
from spine.reporting.disc_page import compose_disc_page
from spine.reporting.drawing import Page
from spine.reporting.heat_picture import compose_heat_page
from spine.reporting.summary_picture import compose_summary


@dataclass(frozen=True, slots=True, eq=False)
class Pages:
    """What can be looked at; None where there is nothing to show."""

    summary: Page
    discs: Page | None
    heat: Page | None

    @property
    def details(self) -> list[Page]:
        """The pages beside the summary."""
        return [page for page in (self.discs, self.heat) if page is not None]

    def pictures(self) -> Iterator[tuple[str, Page]]:
        """Name the files that a person opens without a viewer."""
        yield "summary.png", self.summary
        if self.heat is not None:
            yield "heat.png", self.heat
        if self.discs is not None:
            yield "discs.png", self.discs


def compose_pages(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> Pages:
    """Draw every page of a study."""
    return Pages(
        compose_summary(findings, references, run),
        compose_disc_page(findings, references, run),
        compose_heat_page(findings, references, run),
    )
