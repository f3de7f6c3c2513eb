"""Runs of which nothing is sent until somebody releases them: ``runs/<run_id>/hold.json``.

A file, so that it outlives restarts and the database, and can be set while no service runs.
"""

from datetime import UTC, datetime

from app.service.durable import fsync_folder, make_folder_durably, write_json_durably
from app.service.register import Register

HOLD_FILE = "hold.json"


def is_held(register: Register, run_id: str) -> bool:
    """Tell whether nothing of a run may be sent."""
    return (register.run_folder(run_id) / HOLD_FILE).exists()


def hold(register: Register, run_id: str, cause: str = "command") -> None:
    """Let nothing more of a run be sent; holding it again changes nothing.

    Parameters
    ----------
    run_id : may name a run that will only be opened
    cause : who held it: ``command`` or ``restore``
    """
    folder = register.run_folder(run_id)
    if is_held(register, run_id):
        return
    make_folder_durably(folder)
    facts = {"held_at": datetime.now(UTC).isoformat(timespec="seconds"), "cause": cause}
    write_json_durably(folder / HOLD_FILE, facts, folder)


def release(register: Register, run_id: str) -> bool:
    """Let a run be sent again; return whether it was held."""
    folder = register.run_folder(run_id)
    if not is_held(register, run_id):
        return False
    (folder / HOLD_FILE).unlink()
    fsync_folder(folder)
    return True
