"""What the training of a disc network begins with: grading and progression begin each other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from research.training.discs.batches import weights_path
from research.training.discs.fit_state import last_layer
from research.training.discs.plans import Measured, Target, read_plan
from research.training.discs.regions import default_spec
from research.training.discs.scale_trainer import ALL_FOLDER, TEMPERATURE_FILE
from spine.anatomy.grades import GradeClass, Scale
from spine.inference.cards import CARD_FILE, card_from_json
from spine.inference.models import disc_name
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network, load_weights
from spine.networks.vgg_m import VGGM, VGGMWidths

Start = tuple[bytes, VGGMWidths]
"""Weights and the widths of their layers."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The network on everybody of one scale of a run."""

    weights: bytes
    layers: VGGMWidths
    temperature: float


def read_trained(run: Path, scale: Scale) -> Trained:
    """Return a run's network on everybody.

    Raises
    ------
    FileNotFoundError
        If it was not trained to its end.
    """
    folder = run / scale.value / ALL_FOLDER
    fitted = json.loads((folder / TEMPERATURE_FILE).read_text())
    layers = VGGMWidths(tuple(fitted["widths"]["convolutions"]), fitted["widths"]["linear"])
    return Trained(weights_path(folder).read_bytes(), layers, float(fitted["temperature"]))


def read_shipped(models: Path, name: str) -> Start:
    """Return the weights of a shipped disc model.

    Raises
    ------
    ValueError
        If the model is of something else.
    """
    folder = models / name
    card = card_from_json((folder / CARD_FILE).read_bytes())
    if card.widths is None:
        raise ValueError(f"{folder.name} is no disc model")
    return (folder / WEIGHTS_FILE).read_bytes(), card.widths


def start_of_grading(folder: Path, scale: Scale) -> Start:
    """Return what a grading network begins with.

    Parameters
    ----------
    folder : run of `train grading`, or a folder of models whose progression network is begun
        with: its answer for the lowest grade of an open class then begins as that of the class
    """
    if (folder / scale.value / ALL_FOLDER).is_dir():
        trained = read_trained(folder, scale)
        return trained.weights, trained.layers
    grades, classes = scale.classes, Target.BASELINE.classes(scale)
    lowest = [grades.index(one[:1]) for one in classes]
    return _with_answers(read_shipped(folder, disc_name(scale)), len(grades), lowest)


def start_of_progression(grading: Path, scale: Scale) -> Start:
    """Return what a progression network begins with: the grading network of a run.

    Each grade of an open class begins with the answer of the class.

    Raises
    ------
    ValueError
        If the run is not of phantoms alone.
    """
    if Measured(read_plan(grading)["measured"]) is not Measured.PHANTOMS:
        raise ValueError(f"{grading.name} may have learned from the very people: not of phantoms")
    trained, classes = read_trained(grading, scale), Target.BASELINE.classes(scale)
    holder = [_holder(classes, grade) for (grade,) in scale.classes]
    return _with_answers((trained.weights, trained.layers), len(classes), holder)


def _holder(classes: Sequence[GradeClass], grade: int) -> int:
    return next(place for place, one in enumerate(classes) if grade in one)


def _with_answers(start: Start, answers: int, kept: Sequence[int]) -> Start:
    """Exchange the answers of a network for some of them, in another order or more than once."""
    weights, layers = start
    network = VGGM(default_spec(swap_axes=False).network_shape, answers, layers)
    load_weights(network, weights)
    last, places = last_layer(network), list(kept)
    last.weight, last.bias = nn.Parameter(last.weight[places]), nn.Parameter(last.bias[places])
    return bytes_from_network(network), layers
