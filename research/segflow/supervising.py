"""From image files to what the network is trained on: windows, and labels made of votes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from research.segflow.images import IMAGE_SUFFIX, PIXEL_MM, WorkImage, list_cases, read_work_image
from research.segflow.levels import Column
from research.segflow.rules import SETTINGS, candidates, relative_signal, undecided
from research.segflow.voting import IGNORED, supervision, vote
from spine.errors import Code, InputError, SpineError

# In plane: 300 mm of height, and the column, what lies behind it, and 40 mm before it.
ROWS, COLUMNS = 320, 176
BEFORE_CANAL_MM = 55.0
# Marrow is 1; fluid reaches 5, and saturates.
BRIGHTEST = 3.0
# Posterior elements are judged after stronger smoothing: they are thinner than bodies.
_POSTERIOR_SIGMA_MM = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class SupervisedCase:
    """One image with the labels that the votes gave it.

    Attributes
    ----------
    inputs : float32, shape (i, COLUMNS, ROWS), signal relative to the bodies' own, 0 to 3
    labels : int8, same shape, of `voting`
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the plane the network sees.

    Attributes
    ----------
    j, k : first column and first row on the working grid; negative beyond its edge
    """

    j: int
    k: int

    def cut(self, data: NDArray[np.generic], outside: float) -> NDArray[np.generic]:
        """Cut (i, j, k) to (i, COLUMNS, ROWS)."""
        result = np.full((len(data), COLUMNS, ROWS), outside, dtype=data.dtype)
        here, there = self._overlap(data.shape)
        result[:, *here] = data[:, *there]
        return result

    def paste(self, cut: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Undo `cut`; zero elsewhere."""
        result = np.zeros(shape, dtype=cut.dtype)
        here, there = self._overlap(shape)
        result[:, *there] = cut[:, *here]
        return result

    def _overlap(self, shape: tuple[int, ...]) -> tuple[list[slice], list[slice]]:
        here, there = [], []
        for first, size, length in ((self.j, COLUMNS, shape[1]), (self.k, ROWS, shape[2])):
            low, high = max(first, 0), min(first + size, length)
            there.append(slice(low, high))
            here.append(slice(low - first, high - first))
        return here, there


def window_around(image: WorkImage, column: Column) -> Window:
    """Place the window so that it ends before the column."""
    canal = np.flatnonzero((np.abs(column.straight.t_mm) < 1).any(1))
    front = int(canal.max() + BEFORE_CANAL_MM / PIXEL_MM)
    return Window(front - COLUMNS, (image.data.shape[2] - ROWS) // 2)


def network_input(image: WorkImage, column: Column, window: Window) -> NDArray[np.float32]:
    """Return signal relative to marrow, shape (i, COLUMNS, ROWS)."""
    relative = np.clip(relative_signal(image, column, 0.0), 0, BRIGHTEST).astype(np.float32)
    return np.asarray(window.cut(relative, 0.0), dtype=np.float32)


def supervise(image: WorkImage) -> SupervisedCase:
    """Apply the rules and count the votes.

    Raises
    ------
    SegmentationError
        Where the rules find no spine.
    """
    found = candidates(image)
    smooth = relative_signal(image, found.column, _POSTERIOR_SIGMA_MM)
    labels = supervision(vote(found.masks), undecided(smooth, found.column))
    window = window_around(image, found.column)
    cut = np.asarray(window.cut(labels, IGNORED), dtype=np.int8)
    return SupervisedCase(network_input(image, found.column, window), cut)


def supervise_folder(
    folder: Path, cases: list[str], cache: Path
) -> tuple[dict[str, SupervisedCase], dict[str, str]]:
    """Supervise every image that the rules can read; keep the result on disk.

    Returns
    -------
    cases, and by name of those skipped the reason

    Raises
    ------
    InputError
        ``INPUT_EMPTY`` if all of them were skipped.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found, skipped = {}, {}
    for case in tqdm(cases, desc="votes", mininterval=5):
        try:
            found[case] = _cached(folder, case, cache)
        except SpineError as error:
            skipped[case] = str(error)
    if not found:
        raise InputError(Code.INPUT_EMPTY, "the rules found a spine in none of the images")
    return found, skipped


def cases_of_fold(folder: Path, fold: int | None, folds: int) -> list[str]:
    """Return the images to train on: all, or all but every ``folds``-th from ``fold`` on."""
    cases = list_cases(folder)
    if fold is None:
        return cases
    return [case for index, case in enumerate(cases) if index % folds != fold]


def _cached(folder: Path, case: str, cache: Path) -> SupervisedCase:
    """Read what an earlier run found by these settings in this very file, or find it now."""
    content = (folder / f"{case}{IMAGE_SUFFIX}").read_bytes()
    key = hashlib.sha256(repr(SETTINGS).encode() + content).hexdigest()
    path = cache / f"{case}-{key[:16]}.npz"
    if not path.exists():
        result = supervise(read_work_image(folder, case))
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez_compressed(file, inputs=result.inputs, labels=result.labels)
        partial.replace(path)
    with np.load(path) as stored:
        return SupervisedCase(stored["inputs"], stored["labels"])
