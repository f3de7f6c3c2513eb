"""A temporary served instance and a PACS of our own beside it, for demonstration and acceptance."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from app.service.register import Register, is_uid
from app.settings import environment_without_settings
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from spine.errors import Code, SpineError

PEER = "DEMOPACS"
"""AE title of the PACS that sends and receives."""

QUIET_TIME_S = 2.0
_TIMEOUT_S = 240.0
_READY = re.compile(r"ready: DICOM on port (\d+), page on port (\d+)")


def trial_site(data: Path, pacs_port: int) -> dict[str, object]:
    """Return settings of an instance on free ports that delivers to our own PACS only."""
    return {
        "storage": {"root": str(data), "reserve_bytes": 0},
        "listener": {"port": 0, "peers": [{"ae_title": PEER, "addresses": ["127.0.0.1"]}]},
        "web": {"port": 0},
        "quiet_time_s": QUIET_TIME_S,
        "destinations": [
            {"name": "pacs", "host": "127.0.0.1", "port": pacs_port, "ae_title": PEER}
        ],
        # The shipped models have no evidence from patients; without this nothing would be shown.
        "science": {"minimum_evidence": "synthetic"},
    }


class Served:
    """The served instance: a process of its own, as in a hospital."""

    def __init__(self, site: Path, log: Path) -> None:
        self._log = log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--config", str(site)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=Path(__file__).parents[1],
            # Variables of the real instance would put this one onto the real disk.
            env=environment_without_settings(),
        )
        self._ready = threading.Event()
        self._port = 0
        # Read on a thread: the line may come while the study is still being drawn.
        threading.Thread(target=self._read, daemon=True).start()

    def wait_until_ready(self) -> int:
        """Return the port for DICOM."""
        deadline = time.monotonic() + _TIMEOUT_S
        while not self._ready.wait(0.1):
            self.require_alive()
            if time.monotonic() > deadline:
                raise SpineError(Code.WORKER_TIMEOUT, "the service did not become ready")
        return self._port

    def require_alive(self) -> None:
        if self.process.poll() is not None:
            lines = Path(self._log.name).read_text().splitlines() or ["no word"]
            raise SpineError(Code.WORKER_DIED, f"the service ended: {lines[-1]}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._log.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            if found := _READY.match(line):
                self._port = int(found[1])
                self._ready.set()


@contextmanager
def served(folder: Path, site: Mapping[str, object]) -> Iterator[Served]:
    """Serve with these settings; settings and log stay in the folder."""
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(dict(site)))
    service = Served(path, folder / "serve.log")
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def play_pacs(folder: Path) -> Iterator[Listener]:
    """Receive results into a folder, as a PACS would."""

    def store(instance: ReceivedInstance) -> StoreStatus:
        uid = instance.meta.sop_instance_uid
        if not is_uid(uid):
            return StoreStatus.CANNOT_UNDERSTAND
        path = folder / f"{uid}.dcm"
        path.write_bytes(instance.header + instance.data_set)
        return StoreStatus.SUCCESS

    listener = Listener(ListenerSettings("127.0.0.1", 0, Admission((PEER,), ())), store)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def wait_for_results(register: Register, service: Served) -> str:
    """Return the name of the first run that was delivered in full.

    Raises
    ------
    SpineError
        With the code of what went wrong.
    """
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        service.require_alive()
        for record in register.runs():
            outcome = register.outcome(record.run_id)
            if outcome is not None and outcome.code is not None:
                raise SpineError(Code(outcome.code), f"the analysis {outcome.state}")
            if register.receipt(record.run_id, "pacs").is_complete:
                return record.run_id
        time.sleep(0.1)
    raise SpineError(Code.WORKER_TIMEOUT, "no results came back")
