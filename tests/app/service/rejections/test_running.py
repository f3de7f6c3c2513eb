"""Notes that come while what they are about is analyzed, or waits for it."""

from collections.abc import Callable
from pathlib import Path

from app.service.execution import Execution
from app.service.jobs import Job
from app.service.opening import Opening
from app.service.records import RunOutcome, State
from app.service.register import Register
from app.service.rejections import Rejections
from spine.errors import Code
from tests.app.service.notes import note_dataset, receive
from tests.app.service.rejections.noted import SAGITTAL, STUDY, said


class _Slow:
    """An inference during which a note arrives."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile
        self.jobs: list[Job] = []

    def run(self, job: Job) -> RunOutcome:
        self.jobs.append(job)
        self._meanwhile()
        (Path(job.output) / "results.json").write_text("{}")
        return RunOutcome(State.WRITTEN, None, ("a.dcm",))


def test_run_under_way_ends_without_results_and_the_note_waits_for_it(
    register: Register, keep: Callable[..., None], rejections: Rejections, opening: Opening
) -> None:
    for uid in SAGITTAL:
        keep(uid=uid, study=STUDY)
    (record,) = opening.open(STUDY)

    def meanwhile() -> None:
        receive(register, note_dataset(STUDY, SAGITTAL[0]))
        rejections.sweep()
        assert (register.root / "rejections" / f"{STUDY}.900.open").exists()

    execution = Execution(register, _Slow(meanwhile))  # type: ignore[arg-type]
    assert execution.execute(record.run_id, record.analysis_time) is State.NOTHING_TO_SEND
    outcome = register.outcome(record.run_id)
    assert outcome is not None
    assert outcome.code == Code.SOURCES_REJECTED
    assert not (register.run_folder(record.run_id) / "results.json").exists()
    rejections.sweep()
    assert said(register)["recalled"] == []
    (again,) = opening.open(STUDY)
    assert SAGITTAL[0] not in again.instances


def test_run_that_waits_is_not_begun_on_what_was_rejected(
    register: Register, keep: Callable[..., None], rejections: Rejections, opening: Opening
) -> None:
    for uid in SAGITTAL:
        keep(uid=uid, study=STUDY)
    (record,) = opening.open(STUDY)
    receive(register, note_dataset(STUDY, SAGITTAL[0]))
    rejections.sweep()
    inference = _Slow(lambda: None)
    execution = Execution(register, inference)  # type: ignore[arg-type]
    assert execution.execute(record.run_id, record.analysis_time) is State.NOTHING_TO_SEND
    assert inference.jobs == []
