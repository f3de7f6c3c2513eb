from app.service.delivery import DELIVERED, HELD, Route, hold, read_hold, release
from app.service.register import Register
from tests.app.service.delivery.archive import Archive
from tests.app.service.delivery.conftest import RUN, Deliver

MISMATCH = "PATIENT_MISMATCH", ("PatientID",)


def test_held_delivery_goes_on_once_it_is_released(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    destination = archive.start()
    hold(register, RUN, "pacs", *MISMATCH)
    assert deliver(Route(destination)) == HELD
    assert archive.received == []
    assert release(register, RUN, "pacs")
    assert deliver(Route(destination)) == DELIVERED


def test_hold_concerns_one_destination(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    hold(register, RUN, "archive", *MISMATCH)
    assert deliver(Route(archive.start()), "pacs") == DELIVERED


def test_nothing_to_release_is_said(run_id: str, register: Register) -> None:
    assert not release(register, RUN, "pacs")
    hold(register, RUN, "pacs", *MISMATCH)
    assert release(register, RUN, "pacs")
    assert not release(register, RUN, "pacs")
    held = read_hold(register, RUN, "pacs")
    assert held is not None
    assert (held.code, held.attributes) == MISMATCH
    assert held.released is not None
