"""`serve`, to be killed: ``python -m tests.chaos.kills_served stand-in|graph ARM site.yaml``.

ARM is ``<point name>,<study UID>,<instance UID>``, or empty. Children import this module before
anything else of theirs, and with the arguments of the main process: they are armed likewise.
"""

import logging
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.kills_points import Point, arm

if TYPE_CHECKING:
    from app.service.jobs import Analyze, Job, LoadAnalysis
    from app.service.records import RunOutcome
    from app.service.server import Service

_ANALYSIS_S = 0.2
_FURTHER_OBJECTS = 2
_PIXEL_BYTES = 60_000


def load(inner: "LoadAnalysis") -> "Analyze":
    """Load an analysis that can be killed; called in the worker."""
    # By its name in the module, where it may have been replaced.
    from tests.chaos import kills_served

    loaded = inner()
    return lambda job: kills_served.analyze_within(job, loaded)


def analyze_within(job: "Job", inner: "Analyze") -> "RunOutcome":
    """Analyze: in the first instant of it lies a point."""
    return inner(job)


def load_stand_in() -> "Analyze":
    return analyze


def analyze(job: "Job") -> "RunOutcome":
    """Take 200 ms, and write three objects: deliveries are interrupted between them."""
    from dataclasses import replace

    import pydicom

    from tests.app.service import standin

    time.sleep(_ANALYSIS_S)
    outcome = standin.analyze(job)
    folder = Path(job.output) / "dicom"
    names = []
    for number, name in enumerate(outcome.objects * _FURTHER_OBJECTS, 1):
        capture = pydicom.dcmread(folder / name)
        capture.SOPInstanceUID = f"{capture.SOPInstanceUID[:60]}.{number}"
        capture.file_meta.MediaStorageSOPInstanceUID = capture.SOPInstanceUID
        capture.add_new(0x7FE00010, "OB", bytes([number]) * _PIXEL_BYTES)
        names.append(f"further-{number}.dcm")
        capture.save_as(folder / names[-1], enforce_file_format=True)
    return replace(outcome, objects=(*outcome.objects, *names))


def main() -> None:
    # Not in the children, which would start a second later.
    from app.service.graph import graph_loader
    from app.service.server import leave, serve
    from app.settings import load_settings

    kind, _arm, path = sys.argv[1:]
    # The children's too: of use only where something was broken, and then as a whole.
    with Path(path).with_name("log").open("a") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    settings = load_settings(Path(path), environ={})
    inner = load_stand_in if kind == "stand-in" else graph_loader(settings)
    leave(serve(settings, partial(load, inner), _announce))


def _announce(service: "Service") -> None:
    """Name the children: they must not outlive the main process."""
    pids = [service.inference.worker_pid, *getattr(service.listener, "pids", ())]
    sys.stdout.write(" ".join(map(str, ["ready", *pids])) + "\n")
    sys.stdout.flush()


def _arm(*, is_main: bool) -> None:
    name, _, whose = sys.argv[2].partition(",")
    if name:
        study, _, instance = whose.partition(",")
        arm(Point[name], study, instance, is_main=is_main)


if __name__ == "__mp_main__":
    _arm(is_main=False)
elif __name__ == "__main__":
    _arm(is_main=True)
    main()
