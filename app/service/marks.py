"""What is noted of a study because its files do not say it: ``studies/<StudyUID>/marks/``.

A file keeps the name by which its instance first came; a duplicate sent to another of our
names selects another profile, and leaves nothing but this note. Likewise the priority of a
C-STORE request.
"""

from app.service.arrivals import Arrival
from app.service.register import Register
from app.service.sop_classes import is_result

_URGENT = "urgent"
# In hexadecimal: an AE title may hold characters that no file name should.
_TITLE = "title-"


def note(register: Register, arrival: Arrival) -> bool:
    """Keep what an arrival says, durably; return whether it was news.

    To be called before the instance is acknowledged, also for a duplicate.

    Raises
    ------
    OSError
        If it could not be made durable; the sender must then try again.
    """
    if is_result(arrival.sop_class_uid):
        return False
    study = arrival.study_instance_uid
    is_news = register.mark(study, _TITLE + arrival.receiving_ae.encode().hex())
    if arrival.is_urgent:
        is_news |= register.mark(study, _URGENT)
    return is_news


def received_titles(register: Register, study: str) -> set[str]:
    """Return the names of ours by which a study came."""
    return {
        bytes.fromhex(name.removeprefix(_TITLE)).decode()
        for name in register.marks(study)
        if name.startswith(_TITLE)
    }


def is_urgent(register: Register, study: str) -> bool:
    """Tell whether an instance of a study came with priority HIGH (PS3.7, table 9.3-1)."""
    return _URGENT in register.marks(study)
