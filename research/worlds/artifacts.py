"""What spoils an image on the way: noise, motion blur, ghosts; and what makes it another one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from research.worlds.unseen import with_noise
from spine.imaging.volume import Volume

Data = NDArray[np.float32]
Spoil = Callable[[Volume, float, np.random.Generator], Data]

_ANTERIOR, _SUPERIOR = 1, 2
_GHOSTS = 3
# Where the phase of a line of k-space is not touched, so that the body stays where it is.
_STILL_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Artifact:
    """A way to spoil an image.

    Attributes
    ----------
    mild, heavy : strengths between which one is drawn; a radiologist reads the first and sends
        the second back (assumptions)
    """

    spoil: Spoil
    mild: tuple[float, float]
    heavy: tuple[float, float]


def spoiled(volume: Volume, name: str, *, heavy: bool, rng: np.random.Generator) -> Volume:
    """Return an image with an artifact of `ARTIFACTS`, in whole numbers as scanners store them."""
    artifact = ARTIFACTS[name]
    strength = float(rng.uniform(*(artifact.heavy if heavy else artifact.mild)))
    return _stored(volume, artifact.spoil(volume, strength, rng))


def inverted(volume: Volume) -> Volume:
    """Return the negative: what is bright on T2 is dark."""
    white = np.float32(np.percentile(volume.data, 99.5))
    return _stored(volume, white - np.minimum(volume.data, white))


def clipped(volume: Volume, spine: NDArray[np.bool_]) -> Volume:
    """Return the image cut off at a level that most of the spine exceeds: a wrong window."""
    top = np.float32(np.percentile(volume.data[spine], 20))
    return _stored(volume, np.minimum(volume.data, top))


def _noise(volume: Volume, strength: float, rng: np.random.Generator) -> Data:
    """Strength: SD of each channel over the 99th percentile of the image."""
    return with_noise(volume.data, strength, rng)


def _blur(volume: Volume, strength: float, rng: np.random.Generator) -> Data:  # noqa: ARG001
    """Strength: sigma in plane, mm."""
    _, anterior, superior = volume.grid.spacing_mm
    sigma = (0.0, strength / anterior, strength / superior)
    return np.asarray(ndimage.gaussian_filter(volume.data, sigma), dtype=np.float32)


def _ghosts(volume: Volume, strength: float, rng: np.random.Generator) -> Data:
    """Strength: of the first ghost to either side along the phase axis; the next are weaker."""
    axis = _phase_axis(rng)
    period = volume.data.shape[axis] / float(rng.uniform(4.5, 7.5))
    found = volume.data.copy()
    for number in range(1, _GHOSTS + 1):
        for side in (-1, 1):
            moved = np.roll(volume.data, round(side * number * period), axis=axis)
            found += np.float32(strength / number) * moved
    return found


def _motion(volume: Volume, strength: float, rng: np.random.Generator) -> Data:
    """Strength: SD of the displacement, mm, during every second line of k-space."""
    axis = _phase_axis(rng)
    spacing = volume.grid.spacing_mm[axis]
    found = np.empty_like(volume.data)
    for place, plane in enumerate(volume.data):
        frequency = np.fft.fftfreq(plane.shape[axis - 1])
        moved = rng.normal(0, strength / spacing, frequency.size) * (
            rng.random(frequency.size) < 0.5
        )
        moved[np.abs(frequency) < _STILL_SHARE / 2] = 0
        phase = np.exp(-2j * np.pi * frequency * moved)
        lines = phase[:, None] if axis == _ANTERIOR else phase[None]
        spectrum = np.fft.fft(plane, axis=axis - 1) * lines
        found[place] = np.abs(np.fft.ifft(spectrum, axis=axis - 1))
    return found


def _phase_axis(rng: np.random.Generator) -> int:
    return _ANTERIOR if rng.random() < 0.5 else _SUPERIOR


def _stored(volume: Volume, data: Data) -> Volume:
    return Volume(np.rint(np.maximum(data, 0)).astype(np.float32), volume.affine)


ARTIFACTS: Mapping[str, Artifact] = {
    "noise": Artifact(_noise, (0.01, 0.03), (0.2, 0.4)),
    "blur": Artifact(_blur, (0.2, 0.5), (3.0, 5.0)),
    "ghosts": Artifact(_ghosts, (0.02, 0.06), (0.5, 0.8)),
    "motion": Artifact(_motion, (0.3, 0.8), (10.0, 15.0)),
}
