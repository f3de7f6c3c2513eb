"""Lines of the log: one object each, in UTC, and nobody else's words."""

import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.logs import LogFormat, log_to_stderr

Lines = Callable[[], list[dict[str, str]]]


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    kept, level, shown = root.handlers[:], root.level, warnings.showwarning
    hook = threading.excepthook
    yield
    root.handlers[:], warnings.showwarning = kept, shown
    threading.excepthook = hook
    root.setLevel(level)


@pytest.fixture
def lines(restored: None, capsys: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_call_of_the_standard_library_becomes_one_object_in_utc(lines: Lines) -> None:
    log_to_stderr(LogFormat.JSON, "worker")
    logging.getLogger("app.service.x").info("run %s opened: %d instances", "1.2.3.1", 5)
    [line] = lines()
    assert line["event"] == "run 1.2.3.1 opened: 5 instances"
    assert (line["level"], line["logger"]) == ("info", "app.service.x")
    assert line["process"] == "worker"
    stamp = datetime.fromisoformat(line["timestamp"])
    assert stamp.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=1)


def test_words_of_a_library_are_withheld_and_its_place_is_named(lines: Lines) -> None:
    log_to_stderr(LogFormat.JSON, "worker")
    logging.getLogger("pydicom").warning("invalid value for PN: %s", "Doe^Jane")
    [line] = lines()
    assert line["logger"] == "pydicom"
    assert "Doe" not in json.dumps(line)
    assert "test_logs.py:" in line["event"]


def test_words_of_an_exception_are_withheld_and_its_place_is_named(lines: Lines) -> None:
    log_to_stderr(LogFormat.JSON, "worker")
    try:
        raise KeyError("Doe^Jane")
    except KeyError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    [line] = lines()
    assert "Doe" not in json.dumps(line)
    assert line["error"] == "KeyError"
    assert "test_logs.py:" in line["place"]


def test_thread_that_ends_by_an_exception_is_one_line_without_its_words(lines: Lines) -> None:
    log_to_stderr(LogFormat.JSON)

    def fail() -> None:
        raise KeyError("Doe^Jane")

    thread = threading.Thread(target=fail, name="completion")
    thread.start()
    thread.join()
    [line] = lines()
    assert (line["event"], line["error"]) == ("thread completion ended", "KeyError")
    assert "test_logs.py:" in line["place"]
    assert "Doe" not in json.dumps(line)


def test_words_of_a_warning_are_withheld(lines: Lines) -> None:
    log_to_stderr(LogFormat.JSON, "worker")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log_to_stderr(LogFormat.JSON)
        warnings.warn("Doe^Jane", UserWarning, stacklevel=1)
    text = json.dumps(lines())
    assert "UserWarning at" in text
    assert "Doe" not in text


def test_logger_that_prints_on_its_own_is_taken_over(lines: Lines) -> None:
    log_to_stderr(LogFormat.JSON, "worker")
    engine = logging.getLogger("dbos")
    engine.propagate = False
    engine.addHandler(logging.StreamHandler(sys.stderr))
    log_to_stderr(LogFormat.JSON)
    engine.warning("a row is pending")
    assert [line["event"] for line in lines()] == ["a row is pending"]


def test_text_is_one_line_even_where_a_peer_sends_line_ends(
    restored: None, capsys: pytest.CaptureFixture[str]
) -> None:
    log_to_stderr(LogFormat.TEXT)
    logging.getLogger("pacs.listener").warning("association from %s", "EVIL\nINFO all is well")
    [line] = capsys.readouterr().err.splitlines()
    assert "WARNING pacs.listener: association from EVIL\\nINFO all is well" in line
