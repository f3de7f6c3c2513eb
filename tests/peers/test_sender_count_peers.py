"""Orthanc says how many instances a study has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.completion import Completion, CompletionRules
from app.service.intake import Intake
from app.service.opening import Opening
from app.service.profiles import Profile, Profiles
from app.service.records import RunRecord
from app.service.register import Register
from app.service.sender_count import SenderCount
from pacs.listener import Listener, ListenerSettings
from pacs.peers import Admission
from pacs.sender import Destination, send
from phantom.protocols import LUMBAR_T2, coarser
from phantom.studies import StudyPlan, write_phantom_study
from tests.app.service.served import until
from tests.peers.conftest import Orthanc

pytestmark = pytest.mark.slow


@pytest.fixture
def orthanc_settings() -> dict[str, object]:
    return {"DicomAlwaysAllowFind": True}


def test_study_is_complete_when_all_that_orthanc_has_is_there(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    plan = StudyPlan(55.0, "F", protocols=(coarser(LUMBAR_T2, 4.0),), sub_slices=1)
    paths = write_phantom_study(tmp_path / "study", 3, plan).written.paths
    files = [path for series in paths for path in series]
    sender = Destination("127.0.0.1", orthanc.dicom_port, "ORTHANC", "SPINEMAP", 10)
    send(files, sender, lambda _stored: None)
    register = Register(tmp_path / "data")
    register.prepare()
    opened: list[RunRecord] = []
    completion = Completion(
        Opening(register, Profiles([Profile("default")])),
        CompletionRules(600, ask_count=SenderCount(sender), count_after_s=0.5),
        opened.append,
    )
    completion.start()
    listener = _listener(register, completion.arrived)
    try:
        us = Destination("127.0.0.1", listener.port, "SPINEMAP", "MR1", 10)
        send(files[:-1], us, lambda _stored: None)
        with pytest.raises(AssertionError):
            until(lambda: bool(opened), 2)
        send(files[-1:], us, lambda _stored: None)
        until(lambda: bool(opened))
    finally:
        listener.stop()
        completion.stop()
    assert len(opened[0].instances) == len(files)


def _listener(register: Register, on_arrival: Callable[..., None]) -> Listener:
    settings = ListenerSettings("127.0.0.1", 0, Admission(("SPINEMAP",), ()))
    listener = Listener(settings, Intake(register, on_arrival).store)
    listener.start()
    return listener
