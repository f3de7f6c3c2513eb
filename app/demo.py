"""The demonstration: a synthetic study through a served instance and back, nothing installed."""

import json
import logging
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from app.readout import readout
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, send
from phantom.studies import PhantomStudy, StudyPlan, write_phantom_study
from spine.errors import Code, SpineError

Say = Callable[[str], None]

_SEED = 7
_AGE_YEARS = 58.0
_QUIET_TIME_S = 2.0
_TIMEOUT_S = 240.0
_READY = re.compile(r"ready: DICOM on port (\d+), page on port (\d+)")
_PACS = "DEMOPACS"


@dataclass(frozen=True, slots=True)
class Folders:
    """What the demonstration leaves to look at.

    Attributes
    ----------
    study : the synthetic study as DICOM files
    data : the served instance's disk
    received : results as they came back by C-STORE
    results : results.json and pictures
    """

    root: Path

    @property
    def study(self) -> Path:
        return self.root / "study"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def received(self) -> Path:
        return self.root / "received"

    @property
    def results(self) -> Path:
        return self.root / "results"

    def prepare(self) -> None:
        """Begin with empty folders; nothing else below the root is touched."""
        for folder in (self.study, self.data, self.received, self.results):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)


def show(output: Path, models: Path | None, say: Say) -> None:
    """Run the demonstration and print what came of it.

    Raises
    ------
    SpineError
        With a code, if the service does not start or no result comes back.
    """
    # The listener that plays the PACS would talk between the lines of progress.
    logging.getLogger("pynetdicom").setLevel(logging.ERROR)
    started = time.monotonic()
    folders = Folders(output.resolve())
    folders.prepare()
    with _pacs(folders.received) as pacs, _served(folders, pacs.port, models) as service:
        say("1/5 drawing a synthetic whole-spine study, while the service loads its models")
        study = write_phantom_study(folders.study, _SEED, StudyPlan(age_years=_AGE_YEARS))
        files = [path for series in study.written.paths for path in series]
        say(f"2/5 waiting for the service ({len(files)} instances drawn)")
        port = service.wait_until_ready()
        say(f"3/5 sending {len(files)} instances by C-STORE to port {port}")
        send(files, Destination("127.0.0.1", port, "SPINEMAP", _PACS), lambda _stored: None)
        run_id = _wait_for_results(Register(folders.data), service, say)
    _keep_results(Register(folders.data).run_folder(run_id), folders.results)
    count = len(list(folders.received.iterdir()))
    say(f"5/5 {count} DICOM objects received back; {time.monotonic() - started:.0f} s in all")
    _summarize(folders, study, say)


class _Served:
    """The served instance: a process of its own, as in a hospital."""

    def __init__(self, site: Path, log: Path) -> None:
        self._log = log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--config", str(site)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=Path(__file__).parents[1],
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
def _served(folders: Folders, pacs_port: int, models: Path | None) -> Iterator[_Served]:
    site: dict[str, object] = {
        "storage": {"root": str(folders.data)},
        "listener": {"port": 0, "peers": [{"ae_title": _PACS, "addresses": ["127.0.0.1"]}]},
        "web": {"port": 0},
        "quiet_time_s": _QUIET_TIME_S,
        "destinations": [
            {"name": "pacs", "host": "127.0.0.1", "port": pacs_port, "ae_title": _PACS}
        ],
        # The shipped models know phantoms only; without this every number would be withheld.
        "science": {"minimum_evidence": "synthetic"},
    }
    if models is not None:
        site["models"] = {"folder": str(models.resolve())}
    path = folders.root / "site.yaml"
    path.write_text(yaml.safe_dump(site))
    service = _Served(path, folders.root / "serve.log")
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def _pacs(folder: Path) -> Iterator[Listener]:
    def store(instance: ReceivedInstance) -> StoreStatus:
        path = folder / f"{instance.meta.sop_instance_uid}.dcm"
        path.write_bytes(instance.header + instance.data_set)
        return StoreStatus.SUCCESS

    listener = Listener(ListenerSettings("127.0.0.1", 0, Admission((_PACS,), ())), store)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def _wait_for_results(register: Register, service: _Served, say: Say) -> str:
    deadline = time.monotonic() + _TIMEOUT_S
    say(f"4/5 waiting: {_QUIET_TIME_S:g} s of quiet, then the analysis")
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


def _keep_results(run: Path, target: Path) -> None:
    shutil.copy(run / "results.json", target)
    shutil.copytree(run / "pictures", target / "pictures", dirs_exist_ok=True)


def _summarize(folders: Folders, study: PhantomStudy, say: Say) -> None:
    content = json.loads((folders.results / "results.json").read_text())
    say("")
    for line in readout(content):
        say(line)
    say(f"The phantom's true age is {study.subject.age_years:.1f} years.")
    say("")
    say(f"pictures       {folders.results / 'pictures'}")
    say(f"results.json   {folders.results / 'results.json'}")
    say(f"DICOM results  {folders.received}")
    say(f"DICOM study    {folders.study}")
