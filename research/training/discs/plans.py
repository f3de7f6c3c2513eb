"""What a run trains: one folder holds one plan."""

import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from research.training.discs.balance import Balance
from research.training.discs.fit_settings import FitSettings
from spine.anatomy.grades import GradeClass, Scale
from spine.networks.vgg_m import NARROW, VGGMWidths

PLAN_FILE = "plan.json"


class Widths(StrEnum):
    """Which VGG-M."""

    NARROW = "narrow"
    PUBLISHED = "published"

    @property
    def layers(self) -> VGGMWidths:
        return NARROW if self is Widths.NARROW else VGGMWidths()


class Target(StrEnum):
    """Which grade of a disc a network answers: five years later, or now."""

    FOLLOWUP = "followup"
    BASELINE = "baseline"

    def classes(self, scale: Scale) -> tuple[GradeClass, ...]:
        """Return the grades that each answer stands for, in order.

        Of today's bulges 2 and 3 are one class: readers of public data tell them not apart, and
        P2's cohort has next to no 3 at baseline (0.01 %).
        """
        every = scale.classes
        if self is Target.BASELINE and scale is Scale.BULGING:
            return (*every[:2], (*every[2], *every[3]))
        return every


class Measured(StrEnum):
    """On whom a run measures."""

    FOLDS = "folds"
    """On every fold in turn, by a network that learned from the others."""
    HELD_OUT = "held out"
    """On patients held out once, by the very network that ships."""
    PHANTOMS = "phantoms"
    """On phantoms held out once, by the very network that ships."""
    READERS = "readers"
    """On every fold of a data set that readers graded, after a start on phantoms."""


@dataclass(frozen=True, slots=True)
class ProgressionPlan:
    """What to train.

    Attributes
    ----------
    folds : how many by patient, unless the table gives them
    swap_axes : P2's region with its lengths the other way round
    target : the grade five years later, or that of a grading model
    begun_with_grading : with the networks of `train grading`, of other people
    source : of a public data set that is learned from, with its license; else empty
    """

    folds: int = 5
    widths: Widths = Widths.NARROW
    balance: Balance = Balance.PLAIN
    swap_axes: bool = False
    target: Target = Target.FOLLOWUP
    settings: FitSettings = field(default_factory=FitSettings)
    measured: Measured = Measured.FOLDS
    begun_with_grading: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Computer:
    """Where to train.

    Attributes
    ----------
    workers : processes that cut the regions
    threads : of the CPU, for the networks
    """

    device: str = "cpu"
    workers: int = 1
    threads: int = 1


def keep_plan(run: Path, plan: ProgressionPlan) -> None:
    """Write the plan down; refuse to go on with a run of another one."""
    run.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(plan), indent=1) + "\n"
    path = run / PLAN_FILE
    if not path.exists():
        # Several scales may start at once: whoever reads the plan must read all of it.
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(text)
        fresh.replace(path)
    if read_plan(run) != json.loads(text):
        raise ValueError(f"{run.name} holds a run of another plan: see its {PLAN_FILE}")


def read_plan(run: Path) -> dict[str, Any]:
    """Return a run's plan; what plans did not say when it was written is as it was then."""
    told: dict[str, Any] = json.loads((run / PLAN_FILE).read_text())
    before = {"measured": Measured.FOLDS.value, "source": "", "begun_with_grading": False}
    return before | told | {"settings": asdict(FitSettings()) | told["settings"]}
