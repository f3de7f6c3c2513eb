"""Settings: ``app.yaml`` < ``--config site.yaml`` < ``SPINEMAP_*`` variables.

The only module that reads them. What goes below is a frozen dataclass.
"""

import os
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
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

from app.service.receiver import ReceptionSettings
from pacs.listener import ListenerSettings
from pacs.peers import Admission, Peer
from pacs.sender import Destination
from pacs.spool import SpoolLimits
from spine.errors import Code, SpineError

DEFAULTS = Path(__file__).parents[1] / "app.yaml"
_PREFIX = "SPINEMAP_"
_FILE_SUFFIX = "_FILE"


def _checked_ae_title(title: str) -> str:
    # PS3.5, table 6.2-1: at most 16 characters, no backslash, no control characters.
    if not 0 < len(title) <= 16 or not title.isascii() or not title.isprintable() or "\\" in title:
        raise ValueError("not an AE title")
    if title != title.strip():
        raise ValueError("an AE title has no spaces around it")
    return title


AETitle = Annotated[str, AfterValidator(_checked_ae_title)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Address = IPv4Address | IPv6Address


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StorageSection(_Section):
    """Where everything lies, and how much must stay free."""

    root: Path
    reserve_bytes: Annotated[int, Field(ge=0)]


class PeerSection(_Section):
    """Who may send."""

    ae_title: AETitle
    addresses: Annotated[tuple[IPvAnyNetwork, ...], Field(min_length=1)]


class ListenerSection(_Section):
    """How instances come in."""

    address: Address
    port: Port
    ae_titles: Annotated[tuple[AETitle, ...], Field(min_length=1)]
    peers: tuple[PeerSection, ...]
    processes: Annotated[int, Field(ge=1, le=64)]
    maximum_associations: Annotated[int, Field(ge=1)]
    maximum_object_bytes: Annotated[int, Field(ge=1)]
    idle_timeout_s: Seconds

    @model_validator(mode="after")
    def _require_peers_outside_loopback(self) -> "ListenerSection":
        if not self.address.is_loopback and not self.peers:
            raise ValueError("outside loopback the peers that may send must be listed")
        return self

    def to_listener(self) -> ListenerSettings:
        """Return the listener's own settings."""
        peers = tuple(Peer(peer.ae_title, peer.addresses) for peer in self.peers)
        return ListenerSettings(
            str(self.address),
            self.port,
            Admission(self.ae_titles, peers),
            self.maximum_associations,
            self.idle_timeout_s,
        )


class WorkerSection(_Section):
    """The process that analyzes."""

    timeout_s: Seconds


class DestinationSection(_Section):
    """Who gets the results."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    ae_title: AETitle
    calling_ae_title: AETitle = "SPINEMAP"
    timeout_s: Seconds = 30.0

    def to_destination(self) -> Destination:
        """Return the sender's own settings."""
        return Destination(
            self.host, self.port, self.ae_title, self.calling_ae_title, self.timeout_s
        )


class WebSection(_Section):
    """The page."""

    address: Address
    port: Port


class ApprovalSection(_Section):
    """What a person approved: a card, and the evidence its results may claim."""

    card_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    evidence: Literal["synthetic", "retrospective", "prospective"]


class ModelsSection(_Section):
    """Which networks run, and on what."""

    folder: Path
    backend: Literal["openvino", "torch"]
    device: str
    threads: Annotated[int, Field(ge=1)]
    approved: dict[str, ApprovalSection]


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
    quiet_time_s: Seconds
    worker: WorkerSection
    destinations: tuple[DestinationSection, ...]
    web: WebSection
    science: dict[str, JsonValue]
    models: ModelsSection

    def to_reception(self) -> ReceptionSettings:
        """Return the settings of the receiving side."""
        limits = SpoolLimits(self.listener.maximum_object_bytes, self.storage.reserve_bytes)
        return ReceptionSettings(self.listener.to_listener(), limits, self.listener.processes)

    @model_validator(mode="after")
    def _require_distinct_names(self) -> "Settings":
        names = [destination.name for destination in self.destinations]
        if len(set(names)) < len(names):
            raise ValueError("destinations: two have the same name")
        return self


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


def _sources(site: Path | None, variables: Mapping[str, str]) -> list[PydanticBaseSettingsSource]:
    """Return the sources, weakest first."""
    files = [DEFAULTS] if site is None else [DEFAULTS, site]
    return [*(YamlConfigSettingsSource(Settings, file) for file in files), _Variables(variables)]


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
