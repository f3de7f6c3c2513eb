"""One scale of a run: from rows of a table to a fitted, calibrated network."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from research.training.discs.balance import Balance
from research.training.discs.batches import DeviceInputs
from research.training.discs.calibration import fit_temperature
from research.training.discs.fitting import Discs, fit_network, predict_logits
from research.training.discs.folds import OfPatient, Parts
from research.training.discs.last_layer import refit_last_layer
from research.training.discs.plans import ProgressionPlan
from research.training.discs.response_norm import with_sliced_norms
from spine.anatomy.grades import Scale
from spine.inference.weights import load_weights
from spine.networks.vgg_m import VGGM, VGGMWidths

ALL_FOLDER = "all"
TEMPERATURE_FILE = "temperature.json"

Row = TypeVar("Row", bound=OfPatient)


@dataclass(frozen=True, slots=True, eq=False)
class ScaleTrainer(Generic[Row]):
    """What all networks of one scale share.

    Attributes
    ----------
    rows : of the scale
    discs : of each row its input and its grades
    start : weights to begin with, and their layers; None to begin anew
    """

    scale: Scale
    rows: Sequence[Row]
    discs: Discs
    inputs: DeviceInputs
    plan: ProgressionPlan
    start: tuple[bytes, VGGMWidths] | None = None

    @property
    def answers(self) -> int:
        """How many classes the networks tell apart."""
        return len(self.plan.target.classes(self.scale))

    @property
    def layers(self) -> VGGMWidths:
        """Return the widths of the networks."""
        return self.plan.widths.layers if self.start is None else self.start[1]

    def train(
        self, parts: Parts, folder: Path, temperature: float | None = None
    ) -> tuple[NDArray[np.float32], float]:
        """Train on one parting; return the logits of its test part and the temperature.

        Parameters
        ----------
        temperature : where it is known from elsewhere; None to fit it on the inner part
        """
        settings, balance = self.plan.settings, self.plan.balance
        network = self.begin()
        known = self._part(parts.training), self._part(parts.validation)
        first = Balance.PLAIN if balance is Balance.SMOTE else balance
        fit_network(network, self.inputs, known, settings, folder, first)
        if balance is Balance.SMOTE:
            refit_last_layer(network, self.inputs, known, settings)
        if temperature is None:
            temperature = self._fitted_temperature(network, parts)
        self._write_facts(parts, folder, temperature)
        return self.logits(network, parts.test), temperature

    def begin(self) -> VGGM:
        """Return the network that training begins with, on the device."""
        torch.manual_seed(self.plan.settings.seed)
        network = VGGM(self.inputs.shape, self.answers, self.layers)
        if self.start is not None:
            load_weights(network, self.start[0])
        return with_sliced_norms(network).to(self.inputs.device)

    def logits(self, network: VGGM, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what a network says of some rows, shape (rows, grades)."""
        if not len(positions):
            return np.empty((0, self.answers), np.float32)
        return predict_logits(network, self.inputs, self._part(positions).places)

    def _fitted_temperature(self, network: VGGM, parts: Parts) -> float:
        held = self._part(parts.validation)
        return fit_temperature(predict_logits(network, self.inputs, held.places), held.targets)

    def _write_facts(self, parts: Parts, folder: Path, temperature: float) -> None:
        content = {
            "temperature": temperature,
            "widths": asdict(self.layers),
            "training_patients": self._patients(parts.training),
            "validation_patients": self._patients(parts.validation),
        }
        (folder / TEMPERATURE_FILE).write_text(json.dumps(content) + "\n")

    def _patients(self, positions: NDArray[np.int64]) -> int:
        return len({self.rows[position].patient_id for position in positions})

    def _part(self, positions: NDArray[np.int64]) -> Discs:
        discs = self.discs
        return Discs(*(of[positions] for of in (discs.places, discs.targets, discs.baselines)))
