"""Metrics as Prometheus's own parser reads them."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.service.arrivals import Arrival
from app.service.counters import Arrivals, StepTimes
from app.service.health import Disk, Health
from app.service.holds import hold
from app.service.metrics import Sources, registry
from app.service.recalls import COMMAND, recall
from app.service.records import Receipt, RunOutcome, State
from app.service.register import Register
from app.service.workflow_rows import DATABASE
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code
from tests.app.service.observed import sources
from tests.app.service.recorded import record_run

Labels = dict[str, str]


def _samples(observed: Sources) -> dict[str, list[tuple[Labels, float]]]:
    found: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(generate_latest(registry(observed)).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _value(observed: Sources, sample: str, /, **labels: str) -> float:
    return next(value for found, value in _samples(observed)[sample] if found == labels)


def test_runs_are_counted_by_state_and_code_and_refusals_by_code(register: Register) -> None:
    record_run(register, "1.2.1.1", refusals=("AGE_UNKNOWN", "LEVEL_UNCERTAIN"))
    record_run(register, "1.2.2.1", refusals=("LEVEL_UNCERTAIN",), delivered=("pacs",))
    record_run(register, "1.2.3.1", RunOutcome.failed(Code.WORKER_DIED))
    record_run(register, "1.2.4.1", RunOutcome(State.NOTHING_TO_SEND, "NO_CANDIDATE"))
    record_run(register, "1.2.5.1", outcome=None)
    observed = sources(register)
    assert _value(observed, "spinemap_runs", state="written", code="") == 2
    assert _value(observed, "spinemap_runs", state="failed", code="WORKER_DIED") == 1
    assert _value(observed, "spinemap_runs", state="nothing_to_send", code="NO_CANDIDATE") == 1
    assert _value(observed, "spinemap_runs", state="waiting", code="") == 1
    assert _value(observed, "spinemap_refusals", code="LEVEL_UNCERTAIN") == 2


def test_age_of_the_oldest_undelivered_is_zero_where_nothing_waits(register: Register) -> None:
    record_run(register, destinations=("pacs", "archive"), delivered=("pacs",))
    os.utime(register.run_folder("1.2.3.1") / "outcome.json", (time.time() - 3600,) * 2)
    observed = sources(register, destinations=("pacs", "archive"))
    name = "spinemap_oldest_undelivered_seconds"
    assert _value(observed, name, destination="archive") == pytest.approx(3600, abs=10)
    assert _value(observed, name, destination="pacs") == 0
    assert _value(observed, "spinemap_undelivered_runs", destination="archive") == 1


def test_held_runs_are_counted(register: Register) -> None:
    record_run(register)
    hold(register, "1.2.3.1")
    assert _value(sources(register), "spinemap_held_runs") == 1


def test_queues_are_those_of_the_engine_and_the_configured_ones(register: Register) -> None:
    with sqlite3.connect(register.root / DATABASE) as database:
        database.executescript(
            """
            CREATE TABLE workflow_status
                (workflow_uuid TEXT, status TEXT, queue_name TEXT, recovery_attempts INT);
            INSERT INTO workflow_status VALUES
                ('a', 'ENQUEUED', 'inference', 0), ('b', 'PENDING', 'inference', 1);
            """
        )
    observed = sources(register)
    assert _value(observed, "spinemap_queue_length", queue="inference") == 2
    assert _value(observed, "spinemap_queue_length", queue="deliver-pacs") == 0
    assert _value(observed, "spinemap_workflow_database_readable") == 1


def test_steps_are_measured_in_buckets_whatever_becomes_of_the_database(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = StepTimes()
    clock = iter([0.0, 7.0, 10.0, 10.4])
    monkeypatch.setattr("prometheus_client.context_managers.default_timer", lambda: next(clock))
    with times.measure("infer"):
        pass
    with pytest.raises(OSError, match="gone"), times.measure("infer"):
        raise OSError("gone")
    observed = sources(register, step_times=times)
    assert not (register.root / DATABASE).exists()
    assert _value(observed, "spinemap_step_seconds_bucket", step="infer", le="0.5") == 1
    assert _value(observed, "spinemap_step_seconds_bucket", step="infer", le="10.0") == 2
    assert _value(observed, "spinemap_step_seconds_count", step="infer") == 2
    assert _value(observed, "spinemap_step_seconds_sum", step="infer") == pytest.approx(7.4)


def test_received_is_counted_by_our_name_and_stored_and_aside_on_disk(
    register: Register, keep: Callable[..., None]
) -> None:
    arrivals = Arrivals()
    for _ in range(2):
        arrivals.count(Arrival("1.2.3", "1.2", "MR1", "SPINEMAP"))
    keep(uid="1.2.3.1")
    keep(uid="1.2.3.2")
    keep(uid="1.2.3.2", patient="ANOTHER")
    observed = sources(register, arrivals=arrivals)
    name = "spinemap_instances_received_total"
    assert _value(observed, name, called_ae_title="SPINEMAP") == 2
    assert _value(observed, "spinemap_instances_stored") == 2
    assert _value(observed, "spinemap_instances_aside", code="CONFLICTING_DUPLICATE") == 1
    assert _value(observed, "spinemap_studies_arriving") == 3


def test_stored_instances_are_counted_anew_when_a_study_grows_or_goes(
    register: Register, keep: Callable[..., None]
) -> None:
    own = registry(sources(register))
    for number in (1, 2, 3):
        keep(uid=f"1.2.3.{number}")
        assert f"spinemap_instances_stored {number}.0" in generate_latest(own).decode()
    shutil.rmtree(register.root / "studies" / "1.2.3")
    assert "spinemap_instances_stored 0.0" in generate_latest(own).decode()


def test_disk_health_and_versions_are_shown(register: Register, tmp_path: Path) -> None:
    card = tmp_path / "models" / "age-dcnn" / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps({"version": "1.2.3", "evidence": "retrospective"}))
    (tmp_path / "models" / "broken").mkdir()
    (tmp_path / "models" / "broken" / "card.json").write_text("{")
    health = Health(("MainThread", "dead"), {"models": lambda: False})
    disk = Disk(register.root, 4000)
    observed = sources(register, models=tmp_path / "models", health=health, disk=disk)
    facts = {"name": "age-dcnn", "version": "1.2.3", "evidence": "retrospective"}
    assert _value(observed, "spinemap_model_info", **facts) == 1
    unreadable = {"name": "broken", "version": "unreadable", "evidence": ""}
    assert _value(observed, "spinemap_model_info", **unreadable) == 1
    assert _value(observed, "spinemap_thread_alive", thread="dead") == 0
    assert _value(observed, "spinemap_ready", condition="models") == 0
    assert _value(observed, "spinemap_disk_reserve_bytes") == 4000
    assert _value(observed, "spinemap_disk_free_bytes") > 0


def test_no_label_names_a_study(register: Register, keep: Callable[..., None]) -> None:
    keep(uid="1.2.3.1")
    record_run(register, "1.2.3.1")
    record_run(register, "1.2.3.2", RunOutcome.failed(Code.WORKER_DIED))
    assert b"1.2.3" not in generate_latest(registry(sources(register)))


def test_register_of_a_new_disk_can_be_scraped(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    observed = sources(Register(tmp_path / "empty"))
    assert _value(observed, "spinemap_instances_stored") == 0
    assert _value(observed, "spinemap_workflow_database_readable") == 0


@pytest.mark.slow
def test_scrape_of_two_thousand_runs_takes_less_than_a_second_once_read(
    register: Register,
) -> None:
    record_run(register, "1.2.0.1", delivered=("pacs",))
    first = register.run_folder("1.2.0.1")
    for number in range(1, 2000):
        shutil.copytree(first, register.run_folder(f"1.2.{number}.1"))
    old = time.time() - 60
    for folder in (register.root / "runs").iterdir():
        os.utime(folder, (old, old))
        os.utime(folder / "delivered", (old, old))
    own = registry(sources(register))
    generate_latest(own)
    # Processor time, the best of three: a busy machine is not the scrape's fault.
    taken = []
    for _ in range(3):
        began = time.process_time()
        generate_latest(own)
        taken.append(time.process_time() - began)
    assert min(taken) < 1


def test_recalled_deliveries_are_counted_by_how_far_they_are(register: Register) -> None:
    record_run(register, destinations=("pacs", "archive"))
    recall(register, "1.2.3.1", RejectionTitle.QUALITY, COMMAND)
    register.write_receipt("1.2.3.1", "pacs", Receipt({"a.dcm": 0}, is_withdrawn=True))
    text = generate_latest(registry(sources(register))).decode()
    assert 'spinemap_recalled_deliveries{state="recalled, still there"} 1.0' in text
    assert 'spinemap_recalled_deliveries{state="open"} 1.0' in text
