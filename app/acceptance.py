"""`check --acceptance`: does this installation compute what the release computed?

A synthetic study goes by C-STORE through a temporary instance with the site's models, backend
and science settings, and its results come back by C-STORE. What was found is compared, number
by number, with the release's table.
"""

import json
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from app.acceptance_table import Row, Rows, difference_lines, differences, rows_from_results
from app.service.register import Register
from app.settings import Settings
from app.trial import PEER, play_pacs, served, trial_site, wait_for_results
from app.version import VERSION
from pacs.part10 import read_meta
from pacs.sender import Destination, send
from phantom.studies import StudyPlan, write_phantom_study
from spine.errors import Code, SpineError

Say = Callable[[str], None]

TABLE = "acceptance.json"
_SCHEMA = 1
# A subject all of whose levels are certain, with discs of many grades.
_SEED = 4
_AGE_YEARS = 58.0
_OBJECTS = "objects received by the destination"


def accept(settings: Settings, say: Say) -> None:
    """Compare this installation with the release's table.

    Raises
    ------
    SpineError
        ``ACCEPTANCE_DIFFERS`` after printing what differs; another code where no result came.
    """
    expected = _read_table(settings.models.folder / TABLE)
    started = time.monotonic()
    found = _measure(settings, say)
    different = differences(expected, found)
    for line in difference_lines(different):
        say(line)
    if different:
        reason = f"{len(different)} of {len(expected)} values differ from the release's"
        raise SpineError(Code.ACCEPTANCE_DIFFERS, reason)
    say(f"accepted: {len(expected)} values as released, {time.monotonic() - started:.0f} s")


def record_table(settings: Settings, say: Say) -> None:
    """Write the table of a release beside its models."""
    rows = _measure(settings, say)
    path = settings.models.folder / TABLE
    path.write_text(_encoded(rows))
    say(f"{len(rows)} values written to {path}")


def _encoded(rows: Rows) -> str:
    """Encode with one value a line, so that a change of a release can be read."""
    facts = {
        "schema": _SCHEMA,
        "code_version": VERSION,
        "phantom": {"seed": _SEED, "age_years": _AGE_YEARS},
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in facts.items()]
    values = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(row.to_json())}" for name, row in sorted(rows.items())
    )
    return "\n".join(["{", *lines, ' "rows": {', values, " }", "}", ""])


def _read_table(path: Path) -> Rows:
    try:
        content = json.loads(path.read_text())
        phantom = (content["phantom"]["seed"], content["phantom"]["age_years"])
        if content["schema"] != _SCHEMA or phantom != (_SEED, _AGE_YEARS):
            raise ValueError("another schema or phantom")
        return {name: Row.from_json(row) for name, row in content["rows"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{path}: no table of this release ({type(error).__name__})"
        raise SpineError(Code.SETTINGS_INVALID, reason) from error


def _measure(settings: Settings, say: Say) -> Rows:
    # The listener that plays the PACS would talk between the lines of progress.
    logging.getLogger("pynetdicom").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="spinemap-acceptance-") as folder:
        return _measure_in(Path(folder), settings, say)


def _measure_in(root: Path, settings: Settings, say: Say) -> Rows:
    study, received, data = (root / name for name in ("study", "received", "data"))
    for path in (study, received):
        path.mkdir()
    with play_pacs(received) as peer, served(root, _site(settings, data, peer.port)) as service:
        say("drawing a synthetic study, while a temporary instance loads the models")
        plan = StudyPlan(age_years=_AGE_YEARS)
        written = write_phantom_study(study, _SEED, plan).written
        files = [path for series in written.paths for path in series]
        port = service.wait_until_ready()
        say(f"sending {len(files)} instances by C-STORE, waiting for the results")
        send(files, Destination("127.0.0.1", port, "SPINEMAP", PEER), lambda _stored: None)
        run_id = wait_for_results(Register(data), service)
    results = json.loads((Register(data).run_folder(run_id) / "results.json").read_text())
    arrived = Counter(read_meta(path).sop_class_uid for path in received.iterdir())
    return rows_from_results(results) | _received(arrived)


def _received(arrived: Counter[str]) -> Rows:
    return {f"{_OBJECTS}, {sop_class}": Row(count) for sop_class, count in arrived.items()}


def _site(settings: Settings, data: Path, pacs_port: int) -> dict[str, object]:
    """Return the site's models and science on a disk and ports of their own."""
    models = settings.models.model_dump(mode="json")
    models["folder"] = str(settings.models.folder.resolve())
    return {
        **trial_site(data, pacs_port),
        "models": models,
        "worker": settings.worker.model_dump(mode="json"),
        "science": {**settings.science, "minimum_evidence": "synthetic"},
    }
