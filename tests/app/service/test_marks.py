import pytest
from pydicom.uid import MRImageStorage, SegmentationStorage

from app.service.arrivals import Arrival
from app.service.marks import is_urgent, note, received_titles
from app.service.register import Register

STUDY = "1.2.3"


def test_title_is_news_once(register: Register) -> None:
    arrival = Arrival(STUDY, MRImageStorage, "MR1", "SPINE 2.MAP/..")
    assert note(register, arrival)
    assert not note(register, arrival)
    assert note(register, Arrival(STUDY, MRImageStorage, "MR1", "TRIAL"))
    assert received_titles(register, STUDY) == {"SPINE 2.MAP/..", "TRIAL"}
    assert received_titles(register, "1.2.4") == set()


def test_urgency_is_kept(register: Register) -> None:
    note(register, Arrival(STUDY, MRImageStorage))
    assert not is_urgent(register, STUDY)
    assert note(register, Arrival(STUDY, MRImageStorage, is_urgent=True))
    assert is_urgent(register, STUDY)


def test_result_coming_back_says_nothing_of_its_study(register: Register) -> None:
    assert not note(register, Arrival(STUDY, SegmentationStorage, "PACS", "TRIAL", is_urgent=True))
    assert register.marks(STUDY) == frozenset()


def test_what_cannot_be_kept_is_not_acknowledged(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.service.register.write_durably", fail)
    with pytest.raises(OSError, match="No space"):
        note(register, Arrival(STUDY, MRImageStorage))
