"""Inputs of the age DCNN, prepared once, exactly as in the service, and kept on disk.

A masked spine is mostly zeros: its mask is kept as bits beside the values under it, a tenth
of the size, from which the very same array is made again on any device.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from research.cohort import SubjectRecord, read_images
from research.made_by import code_sha256, image_stamps
from research.processes import each
from research.training.age_regions import AgeRegion, labels_of
from spine.imaging import resampling
from spine.preprocessing import age as preprocessing
from spine.preprocessing.age import AgeSpec, age_input

MADE_BY_FILE = "made-by.json"
_BITS = torch.tensor([128, 64, 32, 16, 8, 4, 2, 1], dtype=torch.uint8)


@dataclass(frozen=True, slots=True)
class AgeView:
    """What of a spine the network sees."""

    spec: AgeSpec
    region: AgeRegion = AgeRegion.WHOLE


@dataclass(frozen=True, slots=True, eq=False)
class AgeExamples:
    """Prepared inputs on disk, and ages in years.

    Attributes
    ----------
    files : one a subject
    targets : shape (subjects, 1), float32
    """

    files: tuple[Path, ...]
    targets: NDArray[np.float32]
    shape: tuple[int, int, int, int]

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self.files)

    def load(self, place: int) -> tuple[torch.Tensor, ...]:
        """Read bits and values of one subject."""
        with np.load(self.files[place], allow_pickle=False) as content:
            return torch.from_numpy(content["bits"]), torch.from_numpy(content["values"])

    def to_input(self, loaded: tuple[torch.Tensor, ...], device: torch.device) -> torch.Tensor:
        """Lay the values out under their mask, on the device."""
        bits, values = (part.to(device, non_blocking=True) for part in loaded)
        size = int(np.prod(self.shape))
        mask = (bits[:, None] & _BITS.to(device)).ne(0).flatten()[:size]
        dense = torch.zeros(size, dtype=torch.float32, device=device)
        return dense.masked_scatter_(mask, values).reshape(self.shape)

    def array(self, place: int) -> NDArray[np.float32]:
        """Return one input, shape (1, anterior, superior, right)."""
        cpu = torch.device("cpu")
        return np.asarray(self.to_input(self.load(place), cpu).numpy(), dtype=np.float32)


def age_examples(
    part: Path, records: Sequence[SubjectRecord], view: AgeView, cache: Path, workers: int = 1
) -> AgeExamples:
    """Prepare what is not there yet, and return all of it.

    Parameters
    ----------
    part : folder of the subjects
    cache : gets a file a subject; belongs to one part and one way of preprocessing
    workers : processes

    Raises
    ------
    ValueError
        If the cache holds inputs of another preprocessing, spec or region, of another cohort,
        or of images that have changed.
    FileNotFoundError
        If a subject has no image.
    """
    cache.mkdir(parents=True, exist_ok=True)
    _claim(cache, part, records, view)
    files = tuple(_file(cache, record) for record in records)
    absent = [r for r, file in zip(records, files, strict=True) if not file.exists()]
    if absent:
        done = each(partial(_prepare, part, cache, view), absent, workers)
        for _ in tqdm(done, f"inputs {part.name}", len(absent), mininterval=5):
            pass
    ages = np.array([[record.age_years] for record in records], dtype=np.float32)
    return AgeExamples(files, ages.reshape(-1, 1), view.spec.network_shape)


def _prepare(part: Path, cache: Path, view: AgeView, record: SubjectRecord) -> None:
    volume, labels = read_images(part, record)
    spine = age_input(volume, labels_of(labels, view.region), view.spec)
    mask = spine != 0
    partial_file = cache / f"{record.subject_id}.partial"
    with partial_file.open("wb") as file:
        np.savez(file, bits=np.packbits(mask), values=spine[mask])
    partial_file.replace(_file(cache, record))


def _file(cache: Path, record: SubjectRecord) -> Path:
    return cache / f"{record.subject_id}.npz"


def _claim(cache: Path, part: Path, records: Sequence[SubjectRecord], view: AgeView) -> None:
    """Write what the inputs of a cache are made of, or hold it against what is written there."""
    made = {**asdict(view), "code": _code_sha256(), "cohort": str(part.resolve())}
    content = json.loads(json.dumps(made))
    images = {record.subject_id: image_stamps(part / record.subject_id) for record in records}
    path = cache / MADE_BY_FILE
    begun = json.loads(path.read_text()) if path.exists() else content
    known = begun.pop("images", {})
    kept = (record.subject_id for record in records if _file(cache, record).exists())
    if begun != content or any(known.get(name) != images[name] for name in kept):
        raise ValueError(
            f"{cache} holds inputs of another preprocessing or of other images: remove it, "
            "or name another"
        )
    # Whole or not at all: two trainings may begin at once.
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({**content, "images": known | images}, indent=1) + "\n")
    fresh.replace(path)


def _code_sha256() -> str:
    """Hash the code that makes an input from an image."""
    return code_sha256(preprocessing, resampling)
