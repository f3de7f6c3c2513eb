"""Who may send to us, and under which of our names."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


class Rejection(IntEnum):
    """Diagnostic of an A-ASSOCIATE-RJ by the service user (PS3.8, table 9-21)."""

    CALLING_AE_TITLE_NOT_RECOGNIZED = 3
    CALLED_AE_TITLE_NOT_RECOGNIZED = 7


@dataclass(frozen=True, slots=True)
class Peer:
    """An application entity that may call, and from where."""

    ae_title: str
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Admission:
    """The rule by which an association is accepted.

    Attributes
    ----------
    ae_titles : our own; a request to any other name is rejected
    peers : who may call; empty admits any AE title from this very machine, none from outside
    """

    ae_titles: Collection[str]
    peers: tuple[Peer, ...]

    def rejection(self, called: str, calling: str, address: str) -> Rejection | None:
        """Return why an association request is rejected, None if it is accepted."""
        if called.strip() not in self.ae_titles:
            return Rejection.CALLED_AE_TITLE_NOT_RECOGNIZED
        if self._admits(calling.strip(), address):
            return None
        return Rejection.CALLING_AE_TITLE_NOT_RECOGNIZED

    def _admits(self, calling: str, address: str) -> bool:
        host = ip_address(address)
        if isinstance(host, IPv6Address) and host.ipv4_mapped:
            host = host.ipv4_mapped
        if not self.peers:
            return host.is_loopback
        return any(
            calling == peer.ae_title and any(host in network for network in peer.networks)
            for peer in self.peers
        )
