"""Every instance durable on disk before it is answered."""

import hashlib
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.service.arrivals import Arrival
from app.service.durable import (
    fsync_folder,
    make_folder_durably,
    write_durably,
    write_json_durably,
)
from app.service.marks import note
from app.service.register import Register, is_uid
from pacs.listener import ReceivedInstance, StoreStatus
from pacs.part10 import seek_data_set
from spine.errors import Code

_LOG = logging.getLogger(__name__)

# Two associations may bring the same instance at once; unrelated ones must not wait.
_LOCKS = 64


class Intake:
    """The listener's store: writes instances into the register.

    Parameters
    ----------
    on_arrival : called after a new instance is durable
    """

    def __init__(self, register: Register, on_arrival: Callable[[Arrival], None]) -> None:
        self._register = register
        self._on_arrival = on_arrival
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def store(self, instance: ReceivedInstance) -> StoreStatus:
        """Keep an instance; success is returned only for what is durable."""
        try:
            return self._store(instance)
        except OSError as error:
            # Never acknowledged: the sender keeps it and tries again.
            _LOG.error("instance %s not kept: %s", instance.meta.sop_instance_uid, error.strerror)
            return StoreStatus.OUT_OF_RESOURCES

    def _store(self, instance: ReceivedInstance) -> StoreStatus:
        study, uid = instance.study_instance_uid, instance.meta.sop_instance_uid
        if study is None or not is_uid(study) or not is_uid(uid):
            self._put_aside(instance, Code.NOT_DICOM)
            return StoreStatus.CANNOT_UNDERSTAND
        if not instance.is_consistent:
            self._put_aside(instance, Code.NOT_DICOM)
            return StoreStatus.DOES_NOT_MATCH_SOP_CLASS
        meta = instance.meta
        arrival = Arrival(study, meta.sop_class_uid, meta.source_ae, meta.receiving_ae)
        # A duplicate may be news too: sent to another of our names.
        is_noted = note(self._register, arrival)
        path = self._register.instance_path(study, uid)
        with self._locks[hash(path) % _LOCKS]:
            is_new = self._keep(instance, path)
        if is_new or is_noted:
            self._on_arrival(arrival)
        return StoreStatus.SUCCESS

    def _keep(self, instance: ReceivedInstance, path: Path) -> bool:
        """Write an instance unless it is there; return whether it was new."""
        if not path.exists():
            make_folder_durably(path.parent)
            write_durably(path, (instance.header, instance.data_set), self._register.staging)
            return True
        if _data_set_sha256(path) == hashlib.sha256(instance.data_set).hexdigest():
            # Renamed perhaps by a process that was killed before it made the folder durable.
            fsync_folder(path.parent)
            return False
        self._put_aside(instance, Code.CONFLICTING_DUPLICATE)
        return False

    def _put_aside(self, instance: ReceivedInstance, code: Code) -> None:
        content = (instance.header, instance.data_set)
        name = hashlib.sha256(b"".join(content)).hexdigest()
        facts = {
            "code": code.value,
            "study_instance_uid": instance.study_instance_uid,
            "sop_instance_uid": instance.meta.sop_instance_uid,
            "source_ae": instance.meta.source_ae,
            "receiving_ae": instance.meta.receiving_ae,
            "received_at": datetime.now(UTC).isoformat(),
        }
        folder, staging = self._register.aside, self._register.staging
        write_durably(folder / f"{name}.bin", content, staging)
        write_json_durably(folder / f"{name}.json", facts, staging)
        _LOG.warning("instance %s put aside: %s", instance.meta.sop_instance_uid, code)


def _data_set_sha256(path: Path) -> str:
    with path.open("rb") as file:
        seek_data_set(file)
        return hashlib.file_digest(file, "sha256").hexdigest()
