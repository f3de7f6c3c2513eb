from collections.abc import Callable
from dataclasses import replace

import pytest
from pydicom.uid import CTImageStorage, MRImageStorage, SegmentationStorage

from app.service.arrivals import Arrival
from app.service.marks import note
from app.service.opening import Opening
from app.service.profiles import Mode, Profile, Profiles
from app.service.records import RunRecord
from app.service.register import Register

Keep = Callable[..., None]

STUDY = "1.2.3"


@pytest.fixture
def opening(register: Register) -> Opening:
    profiles = Profiles(
        [
            Profile("default", (), ("pacs", "archive")),
            Profile("trial", ("TRIAL",), ("trials",)),
            Profile("quiet", ("QUIET",), ("pacs",), Mode.SHADOW),
        ]
    )
    return Opening(register, profiles, frozenset({"ER_MR"}))


def opened(opening: Opening) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(run.run_id, run.profile, run.destinations) for run in opening.open(STUDY)]


def test_called_title_selects_the_profile(opening: Opening, keep: Keep) -> None:
    keep(uid="1.2.3.1", route=("MR1", "TRIAL"))
    assert opened(opening) == [("1.2.3.1", "trial", ("trials",))]


def test_title_without_profile_gets_the_default(opening: Opening, keep: Keep) -> None:
    keep(uid="1.2.3.1", route=("MR1", "WHATEVER"))
    assert opened(opening) == [("1.2.3.1", "default", ("pacs", "archive"))]


def test_shadow_sends_nothing(opening: Opening, keep: Keep) -> None:
    keep(uid="1.2.3.1", route=("MR1", "QUIET"))
    assert opened(opening) == [("1.2.3.1", "quiet", ())]


def test_study_sent_to_two_of_our_names_gives_one_run_for_each_profile(
    opening: Opening, keep: Keep
) -> None:
    keep(uid="1.2.3.1")
    note(opening.register, Arrival(STUDY, MRImageStorage, "MR1", "SPINEMAP"))
    # The same instance again: its file keeps the name by which it first came.
    note(opening.register, Arrival(STUDY, MRImageStorage, "MR1", "TRIAL"))
    assert opened(opening) == [
        ("1.2.3.1", "default", ("pacs", "archive")),
        ("1.2.3.2", "trial", ("trials",)),
    ]
    assert opened(opening) == []


def test_profile_that_is_asked_for_later_looks_at_all_of_the_study(
    opening: Opening, keep: Keep
) -> None:
    keep(uid="1.2.3.1")
    opening.open(STUDY)
    keep(uid="1.2.3.2", route=("MR1", "TRIAL"))
    runs = opening.open(STUDY)
    assert [(run.profile, len(run.instances)) for run in runs] == [("default", 2), ("trial", 2)]


def test_profile_that_is_no_longer_configured_opens_nothing(
    register: Register, opening: Opening, keep: Keep
) -> None:
    keep(uid="1.2.3.1")
    opening.open(STUDY)
    register.write_run(replace(register.run("1.2.3.1"), run_id="1.2.3.2", profile="gone"))
    assert not opening.has_news(STUDY)


@pytest.mark.parametrize("sop_class", [CTImageStorage, SegmentationStorage])
def test_late_instance_that_is_no_mr_opens_nothing(
    opening: Opening, keep: Keep, sop_class: str
) -> None:
    keep(uid="1.2.3.1")
    opening.open(STUDY)
    keep(uid="1.2.3.2", sop_class=sop_class)
    assert not opening.has_news(STUDY)


def test_instances_removed_after_their_retention_are_not_asked_for_again(
    register: Register, opening: Opening, keep: Keep
) -> None:
    keep(uid="1.2.3.1")
    opening.open(STUDY)
    register.instance_path(STUDY, "1.2.3.1").unlink()
    keep(uid="1.2.3.1")
    assert not opening.has_news(STUDY)
    register.instance_path(STUDY, "1.2.3.1").unlink()
    keep(uid="1.2.3.2")
    (record,) = opening.open(STUDY)
    assert (record.run_id, record.instances) == ("1.2.3.2", ("1.2.3.2",))


@pytest.mark.parametrize(
    ("source_ae", "is_high", "is_urgent"),
    [("MR1", False, False), ("ER_MR", False, True), ("MR1", True, True)],
)
def test_urgency_comes_from_the_request_or_the_caller(
    opening: Opening, keep: Keep, source_ae: str, *, is_high: bool, is_urgent: bool
) -> None:
    keep(uid="1.2.3.1", route=(source_ae, "SPINEMAP"))
    note(opening.register, Arrival(STUDY, MRImageStorage, source_ae, "SPINEMAP", is_high))
    (record,) = opening.open(STUDY)
    assert record.is_urgent is is_urgent
    assert opening.register.run(record.run_id).is_urgent is is_urgent


def test_unreadable_file_is_left_to_the_analysis(
    register: Register, opening: Opening, keep: Keep
) -> None:
    keep(uid="1.2.3.1")
    register.instance_path(STUDY, "1.2.3.2").write_bytes(b"no file meta information")
    (record,) = opening.open(STUDY)
    assert record.instances == ("1.2.3.1", "1.2.3.2")
    assert isinstance(record, RunRecord)
