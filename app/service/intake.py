"""Every instance durable on disk before it is answered."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.service.arrivals import Arrival
from app.service.durable import (
    fsync_folder,
    locked,
    make_folder_durably,
    write_json_durably,
)
from app.service.marks import note
from app.service.register import Register, is_uid
from app.service.rejected import expect_note
from app.service.sop_classes import is_key_object_selection
from pacs.listener import ReceivedInstance, StoreStatus
from pacs.part10 import FileMetaError, seek_data_set
from pacs.spool import Shortfall
from spine.dicom.identifiers import is_own_equipment
from spine.errors import Code

_LOG = logging.getLogger(__name__)

_PIECE_BYTES = 1 << 20


class Intake:
    """The listener's store: moves instances into the register.

    Any number of threads and processes may do so at once.

    Parameters
    ----------
    on_arrival : called after a new instance is durable, before it is answered; also where one
        got to its place and the disk failed then
    on_expected : called with its SOP instance UID before anything of an instance is kept, so
        that whoever outlives this process can look whether it got to its place
    """

    def __init__(
        self,
        register: Register,
        on_arrival: Callable[[Arrival], None],
        on_expected: Callable[[str, Arrival], None] = lambda _uid, _arrival: None,
    ) -> None:
        self._register = register
        self._on_arrival = on_arrival
        self._on_expected = on_expected

    def store(self, instance: ReceivedInstance) -> StoreStatus:
        """Keep an instance; success is returned only for what is durable."""
        try:
            return self._store(instance)
        except OSError as error:
            # Never acknowledged: the sender keeps it and tries again.
            _LOG.error("instance %s not kept: %s", instance.meta.sop_instance_uid, error.strerror)
            return StoreStatus.OUT_OF_RESOURCES

    def _store(self, instance: ReceivedInstance) -> StoreStatus:
        if instance.file.shortfall is not None:
            return self._refuse_incomplete(instance, instance.file.shortfall)
        study, uid = instance.study_instance_uid, instance.meta.sop_instance_uid
        if study is None or not is_uid(study) or not is_uid(uid):
            self._put_aside(instance, Code.NOT_DICOM)
            return StoreStatus.CANNOT_UNDERSTAND
        if not instance.is_consistent:
            self._put_aside(instance, Code.NOT_DICOM)
            return StoreStatus.DOES_NOT_MATCH_SOP_CLASS
        facts = instance.facts
        if is_own_equipment(facts.manufacturer_model_name, facts.device_uids):
            # Sent by us, and back again: kept, but never the input of anything.
            self._keep(instance, self._register.returned_path(study, uid))
            return StoreStatus.SUCCESS
        self._take_in(instance, _arrival(study, instance))
        return StoreStatus.SUCCESS

    def _take_in(self, instance: ReceivedInstance, arrival: Arrival) -> None:
        """Keep an instance and what its arrival says, and tell it where any of this is news."""
        uid = instance.meta.sop_instance_uid
        path = self._register.instance_path(arrival.study_instance_uid, uid)
        # First: whoever is killed behind this has left nothing that nobody looks for.
        self._on_expected(uid, arrival)
        try:
            # A duplicate may be news too: sent to another of our names, or urgently.
            is_noted = note(self._register, arrival)
            is_new = self._keep(instance, path)
            if is_key_object_selection(instance.meta.sop_class_uid):
                expect_note(self._register, arrival.study_instance_uid, uid)
        except OSError:
            if path.exists():
                # It is not acknowledged, and will not be news when it is sent again.
                self._on_arrival(arrival)
            raise
        if is_new or is_noted:
            self._on_arrival(arrival)

    def _keep(self, instance: ReceivedInstance, path: Path) -> bool:
        """Move an instance to its place unless there is one; return whether it was new."""
        if not path.exists():
            make_folder_durably(path.parent)
            instance.file.sync()
            with locked(path, self._register.locks):
                is_new = not path.exists()
                if is_new:
                    instance.file.rename(path)
            if is_new:
                fsync_folder(path.parent)
                return True
        if _have_equal_data_sets(path, instance.file.path):
            # Renamed perhaps by a process that was killed before it made the folder durable.
            fsync_folder(path.parent)
        else:
            self._put_aside(instance, Code.CONFLICTING_DUPLICATE)
        return False

    def _refuse_incomplete(self, instance: ReceivedInstance, shortfall: Shortfall) -> StoreStatus:
        """Answer for an instance of which not all bytes are on disk."""
        uid = instance.meta.sop_instance_uid
        if shortfall is not Shortfall.TOO_LARGE:
            return StoreStatus.OUT_OF_RESOURCES
        # The same name however often it is sent: the facts must not fill the disk either.
        name = hashlib.sha256(f"{uid}|{instance.meta.source_ae}".encode()).hexdigest()
        self._write_facts(name, instance, Code.OBJECT_TOO_LARGE)
        return StoreStatus.CANNOT_UNDERSTAND

    def _put_aside(self, instance: ReceivedInstance, code: Code) -> None:
        with instance.file.path.open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()
        instance.file.sync()
        # The same bytes may be there already: then they are replaced by themselves.
        instance.file.rename(self._register.aside / f"{name}.bin")
        self._write_facts(name, instance, code)

    def _write_facts(self, name: str, instance: ReceivedInstance, code: Code) -> None:
        """Say what was put aside; the folder is made durable with it."""
        facts = {
            "code": code.value,
            "study_instance_uid": instance.study_instance_uid,
            "sop_instance_uid": instance.meta.sop_instance_uid,
            "source_ae": instance.meta.source_ae,
            "receiving_ae": instance.meta.receiving_ae,
            "received_at": datetime.now(UTC).isoformat(),
            "data_set_bytes": instance.file.size,
        }
        path = self._register.aside / f"{name}.json"
        write_json_durably(path, facts, self._register.staging)
        _LOG.warning("instance %s put aside: %s", instance.meta.sop_instance_uid, code)


def _arrival(study: str, instance: ReceivedInstance) -> Arrival:
    meta = instance.meta
    return Arrival(study, meta.sop_class_uid, meta.source_ae, meta.receiving_ae, instance.is_urgent)


def _have_equal_data_sets(first: Path, second: Path) -> bool:
    """Compare what follows the headers, which name the sender and may therefore differ."""
    pieces = zip(_pieces(first), _pieces(second), strict=False)
    try:
        return all(one == other for one, other in pieces)
    except FileMetaError:
        # The disk has damaged what was kept.
        return False


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the data set of a file in pieces, the last of which is empty."""
    with path.open("rb") as file:
        seek_data_set(file)
        while piece := file.read(_PIECE_BYTES):
            yield piece
        yield b""
