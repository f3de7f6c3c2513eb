"""Settings: ``app.yaml`` < ``--config site.yaml`` < ``SPINEMAP_*`` variables.

The only module that reads them. What goes below is a frozen dataclass.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import (
    JsonValue,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)

from app.destinations import DestinationSection
from app.logs import LogFormat
from app.service.profiles import DEFAULT, Profiles
from app.service.receiver import ReceptionSettings
from app.setting_sections import (
    CompleteWhenSection,
    ListenerSection,
    ModelsSection,
    PackageSection,
    ProfileSection,
    StorageSection,
    WebSection,
    WorkerSection,
)
from app.setting_types import AETitle, ProfileName, Seconds
from pacs.spool import SpoolLimits
from spine.errors import Code, SpineError
from spine.reporting.kinds import Kind

DEFAULTS = Path(__file__).parents[1] / "app.yaml"
_PREFIX = "SPINEMAP_"
_FILE_SUFFIX = "_FILE"


class Settings(BaseSettings):
    """Everything a site can set.

    Attributes
    ----------
    science : fields of `spine.pipeline.ScienceSettings`; checked where the science is
        imported, since the processes that only move files do without it
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    storage: StorageSection
    listener: ListenerSection
    profiles: dict[ProfileName, ProfileSection]
    quiet_time_s: Seconds
    complete_when: CompleteWhenSection
    urgent_from: tuple[AETitle, ...]
    worker: WorkerSection
    destinations: tuple[DestinationSection, ...]
    web: WebSection
    science: dict[str, JsonValue]
    models: ModelsSection
    log_format: LogFormat = LogFormat.TEXT
    package: PackageSection

    def to_reception(self) -> ReceptionSettings:
        """Return the settings of the receiving side."""
        limits = SpoolLimits(self.listener.maximum_object_bytes, self.storage.reserve_bytes)
        listener = self.listener
        return ReceptionSettings(
            listener.to_listener(), limits, listener.processes, self.log_format
        )

    @model_validator(mode="after")
    def _require_distinct_names(self) -> "Settings":
        names = [destination.name for destination in self.destinations]
        if len(set(names)) < len(names):
            raise ValueError("destinations: two have the same name")
        return self

    @model_validator(mode="after")
    def _require_known_names(self) -> "Settings":
        known = {destination.name for destination in self.destinations}
        titles = [title for profile in self.profiles.values() for title in profile.ae_titles]
        if DEFAULT not in self.profiles:
            raise ValueError("profiles: none is named default")
        if len(set(titles)) < len(titles):
            raise ValueError("profiles: two have the same AE title")
        if not set(titles) <= set(self.listener.ae_titles):
            raise ValueError("profiles: an AE title is not among those of the listener")
        for profile in self.profiles.values():
            if not known.issuperset(profile.destinations or ()):
                raise ValueError("profiles: a destination is not among the destinations")
        return self

    def to_profiles(self) -> Profiles:
        """Return what each called AE title selects."""
        names = tuple(destination.name for destination in self.destinations)
        return Profiles(entry.to_profile(name, names) for name, entry in self.profiles.items())

    def wanted_kinds(self) -> frozenset[Kind]:
        """Return the kinds of objects that any of the destinations gets."""
        return frozenset(kind for entry in self.destinations for kind in entry.objects)

    def for_profile(self, name: str) -> "Settings":
        """Return the settings with a profile's own models and destinations."""
        names = self.profiles[name].destinations
        mine = tuple(entry for entry in self.destinations if names is None or entry.name in names)
        own = self.profiles[name].models.model_dump(exclude_none=True, exclude={"approved"})
        if (approved := self.profiles[name].models.approved) is not None:
            own["approved"] = approved
        models = self.models.model_copy(update=own)
        return self.model_copy(update={"models": models, "destinations": mine})


def load_settings(site: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read all sources.

    Parameters
    ----------
    environ : variables; this process's own if None

    Raises
    ------
    SpineError
        ``SETTINGS_INVALID``, naming the key but never its value, which may be a secret.
    """
    variables = _variables(os.environ if environ is None else environ)
    if site is not None and not site.is_file():
        raise SpineError(Code.SETTINGS_INVALID, f"{site}: no such file")
    try:
        merged: dict[str, Any] = {}
        for source in _sources(site, variables):
            merged = _merged(merged, source())
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "settings"
        raise SpineError(Code.SETTINGS_INVALID, f"{key}: {first['msg']}") from None
    except (yaml.YAMLError, SettingsError, ValueError, TypeError) as error:
        raise SpineError(Code.SETTINGS_INVALID, f"not readable ({type(error).__name__})") from None


def environment_without_settings() -> dict[str, str]:
    """Return this process's variables but for ours, for a child with settings of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}


def _sources(site: Path | None, variables: Mapping[str, str]) -> list[PydanticBaseSettingsSource]:
    """Return the sources, weakest first."""
    files = [DEFAULTS] if site is None else [DEFAULTS, site]
    return [*(_File(Settings, file) for file in files), _Variables(variables)]


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML keeps the last without a word."""

    def construct_mapping(  # yaml's own signature
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise SpineError(Code.SETTINGS_INVALID, f"{key}: set twice")
        return super().construct_mapping(node, deep)


class _File(YamlConfigSettingsSource):
    """A file of settings."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        with file_path.open(encoding="utf-8") as file:
            return yaml.load(file, _UniqueKeys) or {}  # noqa: S506 - a SafeLoader


class _Variables(EnvSettingsSource):
    """Environment variables, of which the secrets' files have been read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        # Names of fields are lower case, and so compared.
        return {name.lower(): value for name, value in self._variables.items()}


def _merged(low: dict[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Return `low` with the values of `high`; lists are replaced, never joined."""
    merged = dict(low)
    for key, value in high.items():
        below = low.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Pick ours, read the files that ``*_FILE`` names, refuse what nobody would read."""
    ours = {name: value for name, value in environ.items() if name.startswith(_PREFIX)}
    for name in [name for name in ours if name.endswith(_FILE_SUFFIX)]:
        try:
            content = Path(ours.pop(name)).read_text().strip()
        except OSError as error:
            raise SpineError(Code.SETTINGS_INVALID, f"{name}: {error.strerror}") from None
        if ours.setdefault(name.removesuffix(_FILE_SUFFIX), content) != content:
            raise SpineError(Code.SETTINGS_INVALID, f"{name}: set twice")
    for name in ours:
        if name.removeprefix(_PREFIX).lower().split("__")[0] not in Settings.model_fields:
            raise SpineError(Code.SETTINGS_INVALID, f"{name}: no such setting")
    return ours
