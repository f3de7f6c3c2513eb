"""The page's server: uvicorn on a thread."""

import logging
import socket
import threading

import uvicorn

from app.service.metrics import Sources
from app.service.web.pages import add_runs, health_app
from app.setting_sections import WebSection

_LOG = logging.getLogger(__name__)

_GRACE_S = 1


class WebServer:
    """Serves health and metrics everywhere; runs and pictures on loopback only: nobody logs in."""

    def __init__(self, settings: WebSection, sources: Sources) -> None:
        self._settings = settings
        self.application = health_app(sources)
        if settings.address.is_loopback:
            add_runs(self.application, sources)
        config = uvicorn.Config(
            self.application,
            log_level="warning",
            # Ours, which shows no address of a page with a UID in it, and no exception's words.
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """Return the port served on."""
        if self._socket is None:
            raise RuntimeError("the page has not been started")
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Bind the port, which fails at once if it is taken, and serve."""
        address = (str(self._settings.address), self._settings.port)
        family = socket.AF_INET if self._settings.address.version == 4 else socket.AF_INET6
        self._socket = socket.create_server(address, family=family)
        self._thread.start()
        _LOG.info("page on port %d", self.port)

    def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_GRACE_S + 1)

    def _run(self) -> None:
        # Away from the main thread uvicorn leaves the signals of the process alone.
        self._server.run(sockets=[self._socket] if self._socket else [])
