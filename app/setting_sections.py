"""The sections of the settings, each with what it becomes below (`app.destinations`: one more)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, model_validator

from app.service.completion import CompletionRules
from app.service.jobs import Limits
from app.service.profiles import Mode, Profile
from app.service.sender_count import SenderCount
from app.setting_types import Address, AETitle, MemorySize, Port, Seconds, Section
from pacs.association import Destination
from pacs.listener import ListenerSettings
from pacs.peers import Admission, Peer


class StorageSection(Section):
    """Where everything lies, and how much must stay free."""

    root: Path
    reserve_bytes: Annotated[int, Field(ge=0)]


class PeerSection(Section):
    """Who may send."""

    ae_title: AETitle
    addresses: Annotated[tuple[IPvAnyNetwork, ...], Field(min_length=1)]


class ListenerSection(Section):
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


class WorkerSection(Section):
    """The process that analyzes; what one analysis may take before it is killed."""

    timeout_s: Seconds
    # 0: no limit.
    memory_mib: Annotated[int, Field(ge=0)]

    def to_limits(self) -> Limits:
        """Return the worker's own settings."""
        return Limits(self.timeout_s, self.memory_mib << 20)


class SenderCountSection(Section):
    """The peer that says how many instances a study has."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    ae_title: AETitle
    calling_ae_title: AETitle = "SPINEMAP"
    timeout_s: Seconds = 10.0
    after_s: Annotated[float, Field(ge=0)] = 5.0


class CompleteWhenSection(Section):
    """What makes a study complete before the quiet time is over."""

    minimum_instances: Annotated[int, Field(ge=0)] = 0
    sender_count: SenderCountSection | None = None

    def to_rules(self, quiet_time_s: float) -> CompletionRules:
        """Return the rules of completion."""
        peer = self.sender_count
        if peer is None:
            return CompletionRules(quiet_time_s, self.minimum_instances)
        ask = SenderCount(
            Destination(peer.host, peer.port, peer.ae_title, peer.calling_ae_title, peer.timeout_s)
        )
        return CompletionRules(quiet_time_s, self.minimum_instances, ask, peer.after_s)


class WebSection(Section):
    """The page."""

    address: Address
    port: Port


class ApprovalSection(Section):
    """What a person approved: a card, and the evidence its results may claim."""

    card_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    evidence: Literal["synthetic", "retrospective", "prospective"]


class ModelsSection(Section):
    """Which networks run, and on what."""

    folder: Path
    backend: Literal["openvino", "torch"]
    device: str
    threads: Annotated[int, Field(ge=1)]
    approved: dict[str, ApprovalSection]


class PackageSection(Section):
    """What the image's manifests ask a runner for.

    Attributes
    ----------
    timeout_s : after which a runner ends the analysis of one study; 0 is never
    memory, gpu_memory : such as ``4Gi`` or ``512Mi``
    """

    timeout_s: Annotated[int, Field(ge=0)]
    cpu: Annotated[int, Field(ge=1)]
    memory: MemorySize
    gpu_memory: MemorySize


class ProfileModelsSection(Section):
    """Models of a profile where they are not those of everybody."""

    folder: Path | None = None
    approved: dict[str, ApprovalSection] | None = None


class ProfileSection(Section):
    """What a called AE title selects; `destinations` are all of them where none are named."""

    ae_titles: tuple[AETitle, ...] = ()
    destinations: tuple[str, ...] | None = None
    mode: Mode = Mode.DELIVER
    retention_days: Annotated[float, Field(ge=0)] = 0.0
    models: ProfileModelsSection = ProfileModelsSection()

    def to_profile(self, name: str, destinations: tuple[str, ...]) -> Profile:
        """Return the profile with the destinations it really has."""
        mine = destinations if self.destinations is None else self.destinations
        return Profile(name, self.ae_titles, mine, self.mode, self.retention_days)
