"""What prepared inputs are made by: so that those of other code or other images are told apart."""

import inspect
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from research.cohort import IMAGE_FILE, LABELS_FILE


def code_sha256(*modules: ModuleType) -> str:
    """Hash the source of the modules that make an input from an image."""
    return sha256("".join(inspect.getsource(one) for one in modules).encode()).hexdigest()


def image_stamps(subject: Path) -> list[list[int]]:
    """Return size in bytes and time of change in ns of a subject's image and labels.

    Raises
    ------
    FileNotFoundError
        If one of them is not there.
    """
    found = [(subject / name).stat() for name in (IMAGE_FILE, LABELS_FILE)]
    return [[one.st_size, one.st_mtime_ns] for one in found]
