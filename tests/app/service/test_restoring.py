"""What a restore holds: what may have been delivered since the backup, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import (
    CTImageStorage,
    KeyObjectSelectionDocumentStorage,
    MRImageStorage,
    SegmentationStorage,
)

from app.service.arrivals import Arrival
from app.service.backup import back_up
from app.service.holds import is_held
from app.service.marks import mark_urgent, note
from app.service.recalls import COMMAND, recall
from app.service.records import Receipt, RunRecord
from app.service.register import Register
from app.service.rejected import mark_rejected
from app.service.restoring import restore
from spine.dicom.rejection import RejectionTitle
from tests.app.service.recorded import record_run

Keep = Callable[..., None]
Restore = Callable[[], Register]


@pytest.fixture
def restored(register: Register, tmp_path: Path) -> Restore:
    """Back up a served register and bring it back somewhere else."""

    def restored() -> Register:
        back_up(register, tmp_path / "b.tar", was_served=True)
        other = Register(tmp_path / "restored")
        restore(other, tmp_path / "b.tar")
        return other

    return restored


@pytest.fixture
def delivered(register: Register, keep: Keep) -> RunRecord:
    """A run that saw its only image and was delivered."""
    keep(uid="1.2.3.4")
    record = record_run(register, delivered=("pacs",))
    register.write_run(replace(record, instances=("1.2.3.4",)))
    return record


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(
    ("sop_class", "is_next_held"),
    [
        (KeyObjectSelectionDocumentStorage, False),
        (SegmentationStorage, False),
        (CTImageStorage, False),
        (MRImageStorage, True),
    ],
)
def test_only_what_would_be_analyzed_holds_the_next_run(
    keep: Keep, restored: Restore, sop_class: str, *, is_next_held: bool
) -> None:
    keep(uid="1.2.3.5", sop_class=sop_class)
    found = restored()
    assert not is_held(found, "1.2.3.1")
    assert is_held(found, "1.2.3.2") is is_next_held


@pytest.mark.usefixtures("delivered")
def test_rejected_image_and_damaged_file_hold_nothing(
    register: Register, keep: Keep, restored: Restore
) -> None:
    keep(uid="1.2.3.5")
    mark_rejected(register, "1.2.3", ["1.2.3.5"])
    register.instance_path("1.2.3", "1.2.3.6").write_bytes(b"damaged")
    assert not is_held(restored(), "1.2.3.2")


def test_first_run_of_a_study_without_mr_is_held(keep: Keep, restored: Restore) -> None:
    keep(uid="1.2.3.4", sop_class=CTImageStorage)
    assert is_held(restored(), "1.2.3.1")


def test_one_run_is_held_for_each_name_and_none_for_the_priority(
    register: Register, keep: Keep, restored: Restore
) -> None:
    keep(uid="1.2.3.4")
    note(register, Arrival("1.2.3", MRImageStorage, "MR1", "TRIAL"))
    mark_urgent(register, "1.2.3")
    found = restored()
    assert [is_held(found, f"1.2.3.{number}") for number in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("receipt", "is_run_held"),
    [
        (Receipt({"a.dcm": 0}, is_complete=True, is_withdrawn=True, is_rejected=True), False),
        (Receipt({}, is_withdrawn=True, is_rejected=True), False),
        (Receipt({"a.dcm": 0}, is_complete=True), True),
    ],
    ids=["rejected there", "never sent", "not yet taken back"],
)
def test_recalled_run_is_held_only_until_it_is_taken_back(
    register: Register,
    delivered: RunRecord,
    restored: Restore,
    receipt: Receipt,
    *,
    is_run_held: bool,
) -> None:
    recall(register, delivered.run_id, RejectionTitle.QUALITY, COMMAND)
    register.write_receipt(delivered.run_id, "pacs", receipt)
    assert is_held(restored(), delivered.run_id) is is_run_held
