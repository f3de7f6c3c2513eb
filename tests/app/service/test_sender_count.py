from collections.abc import Callable, Iterator

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from app.service.sender_count import SenderCount
from pacs.sender import Destination

STUDY = "1.2.3"
Answers = list[tuple[int, Dataset | None]]


def _match(study: str, count: str) -> tuple[int, Dataset]:
    match = Dataset()
    match.QueryRetrieveLevel = "STUDY"
    match.StudyInstanceUID = study
    match.NumberOfStudyRelatedInstances = count
    return 0xFF00, match


@pytest.fixture
def asked() -> list[Dataset]:
    return []


@pytest.fixture
def peer(asked: list[Dataset]) -> Iterator[Callable[[Answers], SenderCount]]:
    servers = []

    def answering(answers: Answers) -> SenderCount:
        def find(event: Event) -> Iterator[tuple[int, Dataset | None]]:
            asked.append(event.identifier)
            yield from answers

        entity = AE("PACS")
        entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        server = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, find)]
        )
        servers.append(server)
        port = server.socket.getsockname()[1]
        return SenderCount(Destination("127.0.0.1", port, "PACS", "SPINEMAP", 5))

    yield answering
    for server in servers:
        server.shutdown()


def test_count_is_asked_of_one_study(
    peer: Callable[[Answers], SenderCount], asked: list[Dataset]
) -> None:
    assert peer([_match(STUDY, "128")])(STUDY) == 128
    (identifier,) = asked
    assert identifier.QueryRetrieveLevel == "STUDY"
    assert identifier.StudyInstanceUID == STUDY
    assert "NumberOfStudyRelatedInstances" in identifier


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [_match(STUDY, "")],
        [_match("1.2.4", "5")],
        [_match(STUDY, "5"), _match(STUDY, "6")],
        [(0xA700, None)],
    ],
)
def test_peer_that_does_not_say_how_many_says_nothing(
    peer: Callable[[Answers], SenderCount], answers: Answers
) -> None:
    assert peer(answers)(STUDY) is None


def test_peer_that_cannot_be_reached_says_nothing() -> None:
    assert SenderCount(Destination("127.0.0.1", 1, "PACS", "SPINEMAP", 1))(STUDY) is None
