"""A real browser that tests drive: commands as lines of JSON to `browser.mjs`."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_DRIVER = Path(__file__).with_suffix(".mjs")


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
    log = (folder / "browser.log").open("wb")
    command = [node, str(_DRIVER), str(modules), program, str(folder / "profile")]
    with (
        log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        yield Browser(process)
