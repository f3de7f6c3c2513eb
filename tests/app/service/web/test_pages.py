from ipaddress import ip_address
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.web.pages import add_runs, health_app

RUN = "1.2.3.1"


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path)
    register.prepare()
    record = RunRecord(RUN, "2026-01-02T03:04:05+00:00", "default", (), ("pacs",))
    register.write_run(record)
    _source, output = register.open_work(record)
    (output / "pictures").mkdir()
    (output / "pictures" / "summary.png").write_bytes(b"picture")
    register.close_work(RUN, RunOutcome(State.WRITTEN, None, ("a.dcm",)))
    register.write_receipt(RUN, "pacs", Receipt({"a.dcm": 0}, is_complete=True))
    return register


@pytest.fixture
def page(register: Register) -> TestClient:
    app = health_app(lambda: True)
    add_runs(app, register)
    return TestClient(app, base_url="http://127.0.0.1")


def test_health_is_always_well_and_readiness_depends() -> None:
    ready = [False]
    client = TestClient(health_app(lambda: ready[0]))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    ready[0] = True
    assert client.get("/readyz").status_code == 200


def test_health_application_shows_neither_runs_nor_pictures() -> None:
    client = TestClient(health_app(lambda: True))
    assert client.get("/").status_code == 404
    assert client.get(f"/runs/{RUN}/pictures/summary.png").status_code == 404
    assert client.get("/openapi.json").status_code == 404


def test_page_lists_runs_with_their_state_and_pictures(page: TestClient) -> None:
    text = page.get("/").text
    assert RUN in text
    assert "written" in text
    assert "pacs: delivered" in text
    assert "research use only" in text
    assert page.get(f"/runs/{RUN}/pictures/summary.png").content == b"picture"


@pytest.mark.parametrize(
    "path",
    [
        f"/runs/{RUN}/pictures/run.json",
        f"/runs/{RUN}/pictures/..%2frun.json",
        "/runs/..%2f..%2fetc/pictures/passwd",
        "/runs/1.2.9.1/pictures/summary.png",
    ],
)
def test_nothing_but_pictures_of_runs_is_served(page: TestClient, path: str) -> None:
    assert page.get(path).status_code == 404


def test_page_answers_to_this_machine_s_names_only(register: Register) -> None:
    app = health_app(lambda: True)
    add_runs(app, register)
    assert TestClient(app, base_url="http://evil.example").get("/").status_code == 400


def test_runs_are_added_on_loopback_only(register: Register) -> None:
    from app.service.web.server import WebServer
    from app.settings import WebSection

    def paths(address: str) -> set[str]:
        section = WebSection(address=ip_address(address), port=0)
        server = WebServer(section, register, lambda: True)
        return {route.path for route in server.application.routes}  # type: ignore[attr-defined]

    assert paths("10.1.2.3") == {"/healthz", "/readyz"}
    assert "/" in paths("127.0.0.1")
