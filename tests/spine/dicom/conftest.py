from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from phantom.dicom_headers import SeriesHeader
from phantom.protocols import LUMBAR_STIR, LUMBAR_T1, LUMBAR_T2, Contrast, Protocol
from phantom.write_study import SeriesToWrite, Stack, one_series, write_study
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.dicom.study import Selection
from spine.imaging.volume import Volume

PROTOCOLS = {Contrast.T1: LUMBAR_T1, Contrast.T2: LUMBAR_T2, Contrast.STIR: LUMBAR_STIR}


def _volume(
    shape: tuple[int, int, int] = (7, 11, 13),
    spacing: tuple[float, float, float] = (4.0, 1.5, 1.2),
    seed: int = 0,
) -> Volume:
    about_z, about_x = np.deg2rad((12.0, -7.0))
    cos, sin = np.cos(about_z), np.sin(about_z)
    first = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    cos, sin = np.cos(about_x), np.sin(about_x)
    second = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    affine = np.eye(4)
    affine[:3, :3] = first @ second @ np.diag(spacing)
    affine[:3, 3] = [-21.5, 13.25, -77.125]
    data = np.random.default_rng(seed).integers(1, 4095, shape).astype(np.float32)
    return Volume(data, affine)


def _protocol(contrast: Contrast, changes: dict[str, object]) -> Protocol:
    return replace(PROTOCOLS[contrast], name="sag", **changes)


@pytest.fixture
def volume() -> Callable[..., Volume]:
    """Make an oblique, anisotropic, non-square, canonical volume of whole numbers."""
    return _volume


@pytest.fixture
def series() -> Callable[..., SeriesToWrite]:
    """Make a small lumbar series, sagittal T2 of Siemens unless changed."""

    def make(
        contrast: Contrast = Contrast.T2,
        header: dict[str, object] | None = None,
        stacks: tuple[Stack, ...] = (),
        *,
        enhanced: bool = False,
        **changes: object,
    ) -> SeriesToWrite:
        protocol = _protocol(contrast, changes)
        stacks = stacks or (Stack(_volume(), protocol.plane),)
        return SeriesToWrite(
            stacks, protocol, SeriesHeader(**(header or {})), ExplicitVRLittleEndian, enhanced
        )

    return make


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """Write one good series into a folder, each instance changed by a function."""

    def write(change: Callable[[int, Dataset], None] = lambda *_: None, **options: bool) -> Path:
        folder = tmp_path / "edited"
        written = one_series(_volume(), _protocol(Contrast.T2, {}), **options)
        for index, path in enumerate(write_study([written], folder).paths[0]):
            dataset = dcmread(path)
            change(index, dataset)
            dataset.save_as(path)
        return folder

    return write


@pytest.fixture
def selection() -> Callable[[Path], Selection]:
    """Load a folder and select from it with the default settings."""

    def run(folder: Path) -> Selection:
        return select(load(folder, LoadingSettings()), SelectionSettings())

    return run
