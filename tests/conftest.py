"""Options and fixtures that every test may use."""

import shutil
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--real-data",
        type=Path,
        help="folder that holds spider_t2space/, real lumbar MR with masks of 24 patients",
    )
    parser.addoption("--image", help="the image that tests/image runs; make image-test gives it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the viewer's tests: in one browser, they run one after the other."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/viewer/"))


@pytest.fixture(scope="session")
def real_data(request: pytest.FixtureRequest) -> Path:
    """The real patients' folder; tests that need it are skipped without --real-data."""
    folder = request.config.getoption("--real-data")
    if folder is None:
        pytest.skip("needs real patient data: pytest --real-data PATH")
    return Path(folder) / "spider_t2space"


@pytest.fixture(scope="session")
def program():
    """Find a peer's program outside the virtual environment, which shadows some of dcmtk's."""

    def find(name: str) -> str:
        path = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin")
        if path is None:
            pytest.skip(f"needs the program {name}")
        return path

    return find


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured with `record_property`, and count the tests on real patients."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
    skipped = terminalreporter.getreports("skipped")
    without = sum("needs real patient data" in str(report.longrepr) for report in skipped)
    if without:
        terminalreporter.write_line(f"{without} tests on real patients skipped: --real-data PATH")
