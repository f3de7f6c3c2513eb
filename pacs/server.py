"""Accepting associations on a port that several processes share (docs/adr/0061)."""

import socket
import time
from socketserver import BaseServer
from typing import Any

from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationServer

# How long a process that is full leaves a connection to one that is not.
_YIELD_S = 0.05


class _SharedContexts(list[PresentationContext]):
    """Supported presentation contexts, which negotiation only reads.

    pynetdicom copies them for each association, which takes as long as to receive ten images.
    """

    def __deepcopy__(self, _memo: object) -> "_SharedContexts":
        return self


class SharedPortServer(AssociationServer):  # type: ignore[misc]
    """Accepts from a socket that was bound before, and that others may share.

    Associations are threads; making one in a thread of its own, as pynetdicom's threaded server
    does, would let more in than are counted.
    """

    def __init__(self, *arguments: Any, listening: socket.socket, **keywords: Any) -> None:
        self._listening = listening
        super().__init__(*arguments, **keywords)
        self.contexts: list[PresentationContext] = _SharedContexts(self.contexts)

    def server_bind(self) -> None:
        self.socket.close()
        self.socket: socket.socket = self._listening
        # Of several processes that wake for a connection, all but one find it gone.
        self.socket.setblocking(False)
        self.server_address = self.socket.getsockname()

    def server_activate(self) -> None:
        """Do nothing: the socket listens already."""

    def get_request(self) -> Any:
        if len(self.active_associations) >= self.ae.maximum_associations:
            time.sleep(_YIELD_S)
        return super().get_request()

    def shutdown(self) -> None:
        # Not the bases' own, which shut the socket down for every process that shares it.
        BaseServer.shutdown(self)
        self.server_close()

    def server_close(self) -> None:
        self.socket.close()
