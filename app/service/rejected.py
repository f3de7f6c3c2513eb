"""What rejection notes leave on disk; `app.service.rejections` says what follows from them.

::

    studies/<StudyUID>/rejected/<SOPUID>    an instance that must not be used; empty
    rejections/<SOPUID>.open    a key object selection nobody has looked at; its study's UID
    rejections/<SOPUID>.json    a rejection note and what came of it

What was received stays where it is. It is only never analyzed again, whether it came before
the note or comes after it.
"""

from collections.abc import Iterable
from pathlib import Path

from app.service.durable import make_folder_durably, write_durably
from app.service.register import Register, is_uid


def mark_rejected(register: Register, study: str, instances: Iterable[str]) -> None:
    """Note that instances must not be used, durably; marking again changes nothing."""
    folder = _folder(register, study)
    make_folder_durably(folder)
    for uid in instances:
        if not is_uid(uid):
            raise ValueError("not a UID")
        if not (folder / uid).exists():
            write_durably(folder / uid, (), register.staging)


def rejected_instances(register: Register, study: str) -> frozenset[str]:
    """Return the SOP instance UIDs of a study that must not be used."""
    folder = _folder(register, study)
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


def expect_note(register: Register, study: str, sop_instance: str) -> None:
    """Have a key object selection looked at; to be called before it is acknowledged.

    Raises
    ------
    OSError
        If that could not be made durable; the sender must then try again.
    """
    folder = notes_folder(register)
    if (folder / f"{sop_instance}.json").exists() or (folder / f"{sop_instance}.open").exists():
        return
    make_folder_durably(folder)
    write_durably(folder / f"{sop_instance}.open", [study.encode()], register.staging)


def notes_folder(register: Register) -> Path:
    """Return where it is kept what came of rejection notes."""
    return register.root / "rejections"


def _folder(register: Register, study: str) -> Path:
    return register.input_folder(study).with_name("rejected")
