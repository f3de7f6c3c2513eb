"""A register on an empty disk, and instances to put into it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.service.intake import Intake
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.spool import Spool
from tests.app.service.instances import instance

MakeInstance = Callable[..., ReceivedInstance]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    return register


@pytest.fixture
def make_instance(tmp_path: Path) -> MakeInstance:
    """Return what makes an instance; what a test does not name has its default."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    return partial(instance, spool=Spool(incoming))


@pytest.fixture
def keep(register: Register, make_instance: MakeInstance) -> Callable[..., None]:
    """Put instances into the register as the listener would."""
    intake = Intake(register, lambda _arrival: None)

    def keep(**arguments: object) -> None:
        intake.store(make_instance(**arguments))

    return keep


@pytest.fixture
def received() -> list[ReceivedInstance]:
    """What the PACS got."""
    return []


@pytest.fixture
def pacs(received: list[ReceivedInstance]) -> Iterator[Listener]:
    """A PACS that takes everything."""

    def store(instance: ReceivedInstance) -> StoreStatus:
        received.append(instance)
        return StoreStatus.SUCCESS

    listener = Listener(ListenerSettings("127.0.0.1", 0, Admission(("PACS",), ())), store)
    listener.start()
    yield listener
    listener.stop()
