"""What the program says on standard error: text for a person, or one JSON object a line.

Records of the standard library are rendered by structlog. Only messages of loggers that never
see a data set are shown as they are: of any other library, and of any exception, only type and
place, since its words may quote what it read, and so a patient.
"""

import logging
import sys
import threading
import warnings
from collections.abc import MutableMapping
from enum import StrEnum
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

Event = MutableMapping[str, Any]

# They report every association, and every module that a result copies.
_TALKATIVE = ("pynetdicom", "highdicom")
_QUOTABLE = {"app", "bench", "dbos", "operators", "pacs", "phantom", "spine", "tests", "uvicorn"}
# The engine prints on its own unless it finds a handler.
_INDEPENDENT = ("dbos",)


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


def log_to_stderr(form: LogFormat = LogFormat.TEXT, process: str = "serve") -> None:
    """Log from INFO on; libraries that comment on each object only from WARNING on.

    Parameters
    ----------
    process : name of this process, a field of every line
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form, process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _INDEPENDENT:
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = True
    warnings.showwarning = _log_warning
    threading.excepthook = _log_uncaught


def _formatter(form: LogFormat, process: str) -> ProcessorFormatter:
    def add_process(_logger: object, _method: str, event: Event) -> Event:
        event["process"] = process
        return event

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_process,
    ]
    render: Processor = _text if form is LogFormat.TEXT else structlog.processors.JSONRenderer()
    return ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[_without_quotes, ProcessorFormatter.remove_processors_meta, render],
    )


def _without_quotes(_logger: object, _method: str, event: Event) -> Event:
    """Replace what may quote a data set by the place that said it."""
    record: logging.LogRecord = event["_record"]
    if record.name.partition(".")[0] not in _QUOTABLE:
        event["event"] = f"withheld, said at {record.filename}:{record.lineno}"
    error = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if error and error[0] is not None:
        event["error"] = error[0].__name__
        event["place"] = _place(error[2])
    return event


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown place"


def _text(_logger: object, _method: str, event: Event) -> str:
    words = [event["timestamp"], event["level"].upper(), f"{event['logger']}:", event["event"]]
    words += [event[key] for key in ("error", "place") if key in event]
    # One record, one line, whatever a peer put into its AE title.
    return " ".join(map(str, words)).replace("\n", "\\n")


def _log_warning(
    message: Warning | str,  # noqa: ARG001 - the words of a library
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    logging.getLogger(__name__).warning("%s at %s:%d", category.__name__, filename, lineno)


def _log_uncaught(uncaught: threading.ExceptHookArgs) -> None:
    """Say that a thread ended by an exception, as one record and without its words."""
    name = uncaught.thread.name if uncaught.thread else "unknown"
    logging.getLogger(__name__).error("thread %s ended", name, exc_info=uncaught.exc_value)
