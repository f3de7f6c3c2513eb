"""How every run and its deliveries stand: what the page, the metrics and `status` show."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.service.workflow_rows import WorkflowRows

WAITING = "waiting"
RUNNING = "running"


class DeliveryState(StrEnum):
    """How far a run is with one destination."""

    DELIVERED = "delivered"
    OPEN = "open"
    HELD = "held"
    # Of a recalled run: never sent and never will be; rejected there; out of our hands.
    RECALLED = "recalled"
    REJECTED = "rejected"
    STILL_THERE = "recalled, still there"

    @property
    def is_done(self) -> bool:
        """Whether nobody has to do anything."""
        return self in (DeliveryState.DELIVERED, DeliveryState.RECALLED, DeliveryState.REJECTED)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One run and one destination.

    Attributes
    ----------
    confirmed : objects that the destination has, of `RunView.objects`
    attempts : failed tries since the last that did not fail
    code : why the last try failed, or why the delivery is held; None where it is neither
    """

    destination: str
    state: DeliveryState
    confirmed: int
    attempts: int = 0
    code: str | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run.

    Attributes
    ----------
    state : waiting, running, or how it ended
    code : why nothing was sent, or why it failed
    ended_at : seconds since the epoch; None while it has not
    attempts : starts of an analysis that took the service with them
    is_held : by a person or a restore; one delivery alone may be held as well
    refusals : codes of the results withheld
    revision : of the result about its study; each later one replaces the one before
    recalled : title of the rejection note that withdraws it; None where it was not recalled
    """

    run_id: str
    state: str
    code: str | None
    analysis_time: str
    instances: int
    objects: int
    is_held: bool
    ended_at: float | None
    attempts: int
    refusals: tuple[str, ...]
    deliveries: tuple[DeliveryView, ...]
    revision: int = 1
    recalled: str | None = None

    @property
    def waits_for_a_person(self) -> bool:
        """Whether it is held, or one of its deliveries is, or it was recalled in vain."""
        states = {item.state for item in self.deliveries}
        is_out = DeliveryState.STILL_THERE in states
        return is_out or (self.recalled is None and (self.is_held or DeliveryState.HELD in states))

    def open_deliveries(self) -> Iterator[DeliveryView]:
        """Yield what should be on its way; not what is held."""
        return (item for item in self.deliveries if item.state is DeliveryState.OPEN)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment; runs by study and number."""

    at: float
    runs: tuple[RunView, ...]
    workflows: WorkflowRows

    def oldest_undelivered_s(self) -> dict[str, float]:
        """Return how long the longest waiting result has waited, by destination."""
        ages: dict[str, float] = {}
        for run in self.runs:
            for item in run.open_deliveries():
                age = max(0.0, self.at - (run.ended_at or self.at))
                ages[item.destination] = max(age, ages.get(item.destination, 0.0))
        return ages

    def undelivered(self) -> Counter[str]:
        """Return how many runs wait for delivery, by destination."""
        return Counter(item.destination for run in self.runs for item in run.open_deliveries())
