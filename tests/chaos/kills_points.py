"""Twelve points in the life of a study at which the service is killed, each hit exactly.

A point belongs to one study, or to one of its instances: the studies before it have passed
there unharmed. Children kill the main process, as ``kill -9`` of it would, and then do nothing
more: what becomes of them is the kernel's affair.
"""

import functools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NoReturn


class Point(StrEnum):
    """Where the main process dies."""

    MID_OBJECT = "mid-object"
    AFTER_WRITE = "after write"
    AFTER_RENAME = "after rename"
    BEFORE_ANSWER = "before the answer"
    AFTER_ANSWER = "after the answer, before the database"
    AT_COMPLETION = "at completion"
    FIRST_STEP = "in the first step"
    IN_INFERENCE = "in inference"
    OBJECTS_WRITTEN = "after the objects are written"
    MID_DELIVERY = "mid-delivery"
    PEER_ANSWERED = "after the peer's answer, before our receipt"
    BEFORE_COMMITMENT = "before commitment"


# In the second object of a delivery: the first is then in the receipt, the third not yet sent.
_OBJECT_NUMBER = 1
# A command set is smaller, a fragment of a data set larger.
_DATA_SET_BYTES = 4096


def die() -> NoReturn:
    """Kill the main process; do nothing more in this one."""
    parent = multiprocessing.parent_process()
    os.kill(os.getpid() if parent is None else int(parent.pid or 0), signal.SIGKILL)
    while True:
        signal.pause()


def arm(point: Point, study: str, instance: str, *, is_main: bool) -> None:
    """Let this process, if the point lies in it, die there.

    Parameters
    ----------
    study, instance : whose point it is; of points at intake it is the instance's
    is_main : whether this is the main process, not one of its children
    """
    if point in _AT_INTAKE:
        _AT_INTAKE[point](instance)
    elif is_main or point is Point.IN_INFERENCE:
        _LATER[point](f"{study}.")


def _replace(owner: Any, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(make(original)))


def _mid_object(instance: str) -> None:
    from pacs.spool import IncomingFile

    def make(write: Any) -> Callable[..., Any]:
        def write_half(file: IncomingFile, chunk: memoryview) -> None:
            if file.meta.sop_instance_uid == instance:
                write(file, chunk[: len(chunk) // 2])
                die()
            write(file, chunk)

        return write_half

    _replace(IncomingFile, "write", make)


def _after_write(instance: str) -> None:
    from pacs.spool import IncomingFile

    def make(sync: Any) -> Callable[..., Any]:
        def die_before(file: IncomingFile) -> None:
            if file.meta.sop_instance_uid == instance:
                die()
            sync(file)

        return die_before

    _replace(IncomingFile, "sync", make)


def _after_rename(instance: str) -> None:
    from app.service import intake

    def make(fsync_folder: Any) -> Callable[..., Any]:
        def die_before(folder: Any) -> None:
            if (folder / f"{instance}.dcm").exists():
                die()
            fsync_folder(folder)

        return die_before

    _replace(intake, "fsync_folder", make)


def _before_answer(instance: str) -> None:
    from pacs import reception

    def make(encode: Any) -> Callable[..., Any]:
        def die_before(request: Any, *arguments: Any) -> Any:
            if request.sop_instance_uid == instance:
                die()
            return encode(request, *arguments)

        return die_before

    _replace(reception, "encode_store_response", make)


def _after_answer(instance: str) -> None:
    from pacs.reception import Reception

    def make(answer: Any) -> Callable[..., Any]:
        def die_after(reception: Any, incoming: Any) -> None:
            answer(reception, incoming)
            if incoming.request.sop_instance_uid == instance:
                die()

        return die_after

    _replace(Reception, "_answer", make)


def _at_completion(run: str) -> None:
    from app.service.workflows import Workflows

    def make(analyze: Any) -> Callable[..., Any]:
        def die_before(workflows: Any, record: Any) -> None:
            if record.run_id.startswith(run):
                die()
            analyze(workflows, record)

        return die_before

    _replace(Workflows, "analyze", make)


def _first_step(run: str) -> None:
    from app.service.register import Register

    def make(read: Any) -> Callable[..., Any]:
        def die_before(register: Any, run_id: str) -> Any:
            # The step is a closure; it is known by its name.
            if run_id.startswith(run) and sys._getframe(1).f_code.co_name == "begin":
                die()
            return read(register, run_id)

        return die_before

    _replace(Register, "run", make)


def _in_inference(run: str) -> None:
    from tests.chaos import kills_served

    def make(analyze: Any) -> Callable[..., Any]:
        def die_within(job: Any, inner: Any) -> Any:
            if job.run_id.startswith(run):
                die()
            return analyze(job, inner)

        return die_within

    _replace(kills_served, "analyze_within", make)


def _objects_written(run: str) -> None:
    from app.service import register

    def make(write: Any) -> Callable[..., Any]:
        def die_before(path: Any, *arguments: Any) -> None:
            if path.name == "outcome.json" and path.parent.name.startswith(run):
                die()
            write(path, *arguments)

        return die_before

    _replace(register, "write_json_durably", make)


def _mid_delivery(run: str) -> None:
    from pynetdicom.transport import AssociationSocket

    from pacs import sender

    is_due = False

    def make_store(store: Any) -> Callable[..., Any]:
        def watch(association: Any, path: Any, meta: Any, number: int) -> Any:
            nonlocal is_due
            is_due = path.parents[1].name.startswith(run) and number == _OBJECT_NUMBER
            return store(association, path, meta, number)

        return watch

    def make_send(send: Any) -> Callable[..., Any]:
        def send_half(connection: Any, stream: bytes) -> None:
            if is_due and len(stream) > _DATA_SET_BYTES:
                send(connection, stream[: len(stream) // 2])
                die()
            send(connection, stream)

        return send_half

    _replace(sender, "_store", make_store)
    _replace(AssociationSocket, "send", make_send)


def _peer_answered(run: str) -> None:
    from pacs import sender

    def make(store: Any) -> Callable[..., Any]:
        def die_after(association: Any, path: Any, meta: Any, number: int) -> Any:
            status = store(association, path, meta, number)
            if path.parents[1].name.startswith(run) and number == _OBJECT_NUMBER:
                die()
            return status

        return die_after

    _replace(sender, "_store", make)


def _before_commitment(run: str) -> None:
    from app.service.delivery.settling import Settling

    def make(note: Any) -> Callable[..., Any]:
        def die_after(settling: Settling, *arguments: Any) -> None:
            note(settling, *arguments)
            if settling.delivery[0].startswith(run):
                die()

        return die_after

    _replace(Settling, "_note_transaction", make)


_AT_INTAKE = {
    Point.MID_OBJECT: _mid_object,
    Point.AFTER_WRITE: _after_write,
    Point.AFTER_RENAME: _after_rename,
    Point.BEFORE_ANSWER: _before_answer,
    Point.AFTER_ANSWER: _after_answer,
}
_LATER = {
    Point.AT_COMPLETION: _at_completion,
    Point.FIRST_STEP: _first_step,
    Point.IN_INFERENCE: _in_inference,
    Point.OBJECTS_WRITTEN: _objects_written,
    Point.MID_DELIVERY: _mid_delivery,
    Point.PEER_ANSWERED: _peer_answered,
    Point.BEFORE_COMMITMENT: _before_commitment,
}
