from ipaddress import ip_address
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.service.health import Health
from app.service.holds import hold
from app.service.recalls import COMMAND, recall
from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.web.pages import add_runs, health_app
from app.service.web.server import WebServer
from app.setting_sections import WebSection
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code
from tests.app.service.observed import sources
from tests.app.service.recorded import record_run

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


def _page(register: Register, **changes: object) -> TestClient:
    observed = sources(register, **changes)
    app = health_app(observed)
    add_runs(app, observed)
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture
def page(register: Register) -> TestClient:
    return _page(register)


def test_health_follows_the_threads_and_readiness_the_conditions(register: Register) -> None:
    well = [True]
    health = Health(("MainThread", "watch"), {"disk": lambda: well[0], "models": lambda: True})
    client = TestClient(health_app(sources(register, health=health)))
    assert client.get("/healthz").status_code == 503
    assert client.get("/healthz").json() == {
        "status": "not ok",
        "MainThread": True,
        "watch": False,
    }
    assert client.get("/readyz").json() == {"status": "ready", "disk": True, "models": True}
    well[0] = False
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["disk"]) == (503, False)


def test_health_application_shows_metrics_but_neither_runs_nor_pictures(
    register: Register,
) -> None:
    client = TestClient(health_app(sources(register)))
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "spinemap_runs" in metrics.text
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


def test_page_shows_what_waits_for_a_person_and_who_lacks_what(register: Register) -> None:
    record_run(register, "1.2.4.1", RunOutcome.failed(Code.WORKER_TIMEOUT))
    record_run(register, "1.2.5.1")
    record_run(register, "1.2.6.1")
    hold(register, "1.2.6.1")
    health = Health(("MainThread",), {"disk": lambda: False})
    text = _page(register, health=health).get("/").text
    assert "failed: WORKER_TIMEOUT" in text
    assert "held" in text
    assert "pacs: open (0 of 2)" in text
    assert "disk: not well" in text
    assert "3 studies arriving" in text


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
    observed = sources(register)
    app = health_app(observed)
    add_runs(app, observed)
    assert TestClient(app, base_url="http://evil.example").get("/").status_code == 400


def test_runs_are_added_on_loopback_only(register: Register) -> None:
    def paths(address: str) -> set[str]:
        section = WebSection(address=ip_address(address), port=0)
        server = WebServer(section, sources(register))
        return {route.path for route in server.application.routes}  # type: ignore[attr-defined]

    assert paths("10.1.2.3") == {"/healthz", "/readyz", "/metrics"}
    assert "/" in paths("127.0.0.1")


def test_page_names_a_revision_and_what_it_replaces(register: Register, page: TestClient) -> None:
    assert "replaces revision" not in page.get("/").text
    (register.run_folder(RUN) / "results.json").write_text('{"run": {"revision": 2}}')
    assert "revision 2, replaces revision 1" in page.get("/").text


def test_page_shows_a_recall_and_where_it_was_in_vain(register: Register, page: TestClient) -> None:
    recall(register, RUN, RejectionTitle.PATIENT_SAFETY, COMMAND)
    text = page.get("/").text
    assert "recalled (113037)" in text
    assert "Waiting for a person" not in text
    register.write_receipt(RUN, "pacs", Receipt({"a.dcm": 0}, is_withdrawn=True))
    text = page.get("/").text
    assert "recalled, still there" in text
    assert "Waiting for a person" in text
