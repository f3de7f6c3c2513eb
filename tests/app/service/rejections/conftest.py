"""Rejections of a register, and a study whose run rests on some of its images."""

from collections.abc import Callable

import pytest

from app.service.opening import Opening
from app.service.profiles import Profile, Profiles
from app.service.register import Register
from app.service.rejections import Rejections
from tests.app.service.rejections.noted import AXIAL, SAGITTAL, STUDY, Heard, write


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def rejections(register: Register, heard: Heard) -> Rejections:
    return Rejections(register, heard.recalled.append, heard.changed.append)


@pytest.fixture
def opening(register: Register) -> Opening:
    return Opening(register, Profiles([Profile("default", destinations=("pacs",))]))


@pytest.fixture
def run_id(register: Register, keep: Callable[..., None], opening: Opening) -> str:
    """A study of three images whose run rests on the two sagittal ones."""
    for uid in (*SAGITTAL, *AXIAL):
        keep(uid=uid, study=STUDY)
    (record,) = opening.open(STUDY)
    write(register, record, SAGITTAL)
    return record.run_id
