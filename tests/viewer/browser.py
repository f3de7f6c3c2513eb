"""A real browser that tests drive: commands as lines of JSON to `browser.mjs`."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

_DRIVER = Path(__file__).with_suffix(".mjs")
# A whole study is loaded in seconds, on a crowded machine in a minute.
_ANSWER_TIMEOUT_S = 180.0
_END_TIMEOUT_S = 30.0


class Browser:
    """One page of a running browser."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, command: str, **arguments: object) -> Any:
        """Run one of the driver's commands and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._process.stdin.flush()
        # Each command has one line of answer: nothing waits in a buffer.
        ready, _, _ = select([self._process.stdout], [], [], _ANSWER_TIMEOUT_S)
        assert ready, f"the browser does not answer {command}"
        line = self._process.stdout.readline()
        assert line, "the browser's driver ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def ask(self, function: str, **argument: object) -> Any:
        """Run one of the functions of `in_page.mjs` and return its answer."""
        return self.do("ask", function=function, argument=argument)


@contextmanager
def started(node: str, program: str, modules: Path, folder: Path) -> Iterator[Browser]:
    """Start the browser with an empty profile; it ends with its input."""
    command = [node, str(_DRIVER), str(modules), program, str(folder / "profile")]
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        yield Browser(process)
    finally:
        _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    """Let the driver close its browser, and end it if it cannot."""
    try:
        process.communicate(timeout=_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
