"""The demonstration: a synthetic study through a served instance and back, nothing installed."""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.readout import readout
from app.service.register import Register
from app.trial import PEER, QUIET_TIME_S, play_pacs, served, trial_site, wait_for_results
from pacs.sender import Destination, send
from phantom.studies import PhantomStudy, StudyPlan, write_phantom_study

Say = Callable[[str], None]

_SEED = 7
_AGE_YEARS = 58.0


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
    with (
        play_pacs(folders.received) as peer,
        served(folders.root, _site(folders, models, peer.port)) as service,
    ):
        say("1/5 drawing a synthetic whole-spine study, while the service loads its models")
        study = write_phantom_study(folders.study, _SEED, StudyPlan(age_years=_AGE_YEARS))
        files = [path for series in study.written.paths for path in series]
        say(f"2/5 waiting for the service ({len(files)} instances drawn)")
        port = service.wait_until_ready()
        say(f"3/5 sending {len(files)} instances by C-STORE to port {port}")
        send(files, Destination("127.0.0.1", port, "SPINEMAP", PEER), lambda _stored: None)
        say(f"4/5 waiting: {QUIET_TIME_S:g} s of quiet, then the analysis")
        run_id = wait_for_results(Register(folders.data), service)
    _keep_results(Register(folders.data).run_folder(run_id), folders.results)
    count = len(list(folders.received.iterdir()))
    say(f"5/5 {count} DICOM objects received back; {time.monotonic() - started:.0f} s in all")
    _summarize(folders, study, say)


def _site(folders: Folders, models: Path | None, pacs_port: int) -> dict[str, object]:
    site = trial_site(folders.data, pacs_port)
    if models is not None:
        site["models"] = {"folder": str(models.resolve())}
    return site


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
