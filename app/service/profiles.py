"""Profiles: what a called AE title selects, and the default for every other.

A study sent to two of our names is analyzed once for each profile, on its own models, for
its own destinations.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

DEFAULT = "default"


class Mode(StrEnum):
    """What becomes of results."""

    DELIVER = "deliver"
    # Computed and shown on the page, sent to nobody.
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of serving.

    Attributes
    ----------
    ae_titles : our names that select it; the default profile also takes all that no other has
    destinations : names of those who get the results
    retention_days : age at which a finished study's input and results are removed; 0 keeps them
    """

    name: str
    ae_titles: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    mode: Mode = Mode.DELIVER
    retention_days: float = 0.0

    @property
    def receivers(self) -> tuple[str, ...]:
        """Return who is sent something."""
        return () if self.mode is Mode.SHADOW else self.destinations


class Profiles:
    """All profiles of a site; one of them is named ``default``."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._by_name: Mapping[str, Profile] = {profile.name: profile for profile in profiles}
        self._by_title = {
            title: profile for profile in self._by_name.values() for title in profile.ae_titles
        }
        if DEFAULT not in self._by_name:
            raise ValueError("no default profile")

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._by_name.values())

    def of_title(self, ae_title: str) -> Profile:
        """Return the profile that a called AE title selects."""
        return self._by_title.get(ae_title, self._by_name[DEFAULT])

    def named(self, name: str) -> Profile | None:
        """Return a profile, None where it is no longer configured."""
        return self._by_name.get(name)
