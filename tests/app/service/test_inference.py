import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.service.inference import Inference, Stopping
from app.service.jobs import Job, Limits
from app.service.records import RunOutcome, State
from app.service.register import Register
from app.service.worker import WorkerStartError
from spine.errors import Code
from tests.app.service import standin
from tests.app.service.served import until
from tests.app.service.short_of_processes import refuse_processes

pytestmark = pytest.mark.slow

WRITTEN = RunOutcome(State.WRITTEN, None, ("summary.dcm",))


@pytest.fixture
def inference() -> Iterator[Inference]:
    inference = Inference(standin.load, Limits(30))
    inference.start()
    yield inference
    inference.stop()


@pytest.fixture
def job_for(register: Register, keep: Callable[..., None]) -> Callable[..., Job]:
    def make(patient: str, study: str = "1.2.3") -> Job:
        keep(uid=f"{study}.4", study=study, patient=patient)
        output = register.root / "work" / f"{study}.1" / "out"
        output.mkdir(parents=True)
        source = register.input_folder(study)
        return Job(
            f"{study}.1", str(source), None, str(output), "default", "2026-01-02T03:04:05+00:00"
        )

    return make


def test_idle_worker_that_was_killed_is_replaced(
    inference: Inference, job_for: Callable[[str], Job]
) -> None:
    pid = inference.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert inference.run(job_for("P1")) == WRITTEN
    assert inference.worker_pid != pid


def test_job_during_which_the_worker_died_is_tried_again(
    inference: Inference, job_for: Callable[[str], Job], register: Register
) -> None:
    assert inference.run(job_for("DIE ONCE")) == WRITTEN
    assert (register.root / "died").exists()


@pytest.mark.parametrize(
    ("patient", "code", "timeout_s"),
    [
        ("DIE", Code.WORKER_DIED, 60),
        ("SEGFAULT", Code.WORKER_DIED, 60),
        ("HANG", Code.WORKER_TIMEOUT, 3),
        ("EAT MEMORY", Code.WORKER_OUT_OF_MEMORY, 60),
    ],
)
def test_job_that_breaks_every_worker_is_quarantined_and_the_next_is_unaffected(
    job_for: Callable[[str], Job], patient: str, code: Code, timeout_s: float
) -> None:
    inference = Inference(standin.load, Limits(timeout_s, 600 << 20))
    inference.start()
    try:
        assert inference.run(job_for(patient)) == RunOutcome.quarantined(code)
        assert inference.run(job_for("P1", "1.2.4")) == WRITTEN
    finally:
        inference.stop()


def test_worker_that_cannot_be_started_is_waited_for_and_no_study_is_blamed(
    job_for: Callable[[str], Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.inference._FIRST_PAUSE_S", 0.1)
    models = tmp_path / "models"
    models.mkdir()
    inference = Inference(partial(standin.load_if, str(models)), Limits(30))
    inference.start()
    answers: list[RunOutcome] = []
    waiting = threading.Thread(target=lambda: answers.append(inference.run(job_for("P1"))))
    try:
        models.rmdir()
        pid = inference.worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: inference.worker_pid != pid)
        waiting.start()
        time.sleep(1)
        assert answers == []
        models.mkdir()
        waiting.join(30)
        assert answers == [WRITTEN]
    finally:
        inference.stop()


def test_job_waits_while_the_system_has_no_process_for_a_worker(
    inference: Inference, job_for: Callable[[str], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.inference._FIRST_PAUSE_S", 0.1)
    refusals = refuse_processes(monkeypatch, 2)
    pid = inference.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert inference.run(job_for("P1")) == WRITTEN
    assert refusals == []


def test_stop_interrupts_a_running_job_without_calling_it_failed(
    job_for: Callable[[str], Job],
) -> None:
    inference = Inference(standin.load, Limits(30))
    inference.start()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            inference.run(job_for("HANG"))
        except Stopping as stopping:
            raised.append(stopping)

    waiting = threading.Thread(target=run)
    waiting.start()
    time.sleep(0.3)
    started = time.monotonic()
    inference.stop()
    waiting.join(5)
    assert len(raised) == 1
    assert time.monotonic() - started < 5


def test_start_fails_with_the_code_of_the_models() -> None:
    with pytest.raises(WorkerStartError) as caught:
        Inference(standin.load_nothing, Limits(30)).start()
    assert caught.value.code is Code.MODEL_TAMPERED


def test_worker_dies_with_its_parent(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = (
        "import time\n"
        "from app.service.inference import Inference\n"
        "from app.service.worker import Limits\n"
        "from tests.app.service import standin\n"
        "if __name__ == '__main__':\n"
        "    inference = Inference(standin.load, Limits(30))\n"
        "    inference.start()\n"
        "    print(inference.worker_pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(program)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
