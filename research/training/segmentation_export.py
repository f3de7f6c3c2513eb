"""From nnU-Net's checkpoint to the folder that the service loads."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from research.cohort import read_records
from research.export import ATTRIBUTION, write_model
from research.measurements import Data as Origin
from research.measurements import Measurement, write_measurements
from research.training.segmentation_data import (
    SPLITS,
    latest_checkpoint,
    prepared_cases,
    preprocessed_folder,
)
from research.training.segmentation_plans import WINDOW, plans_from_spec
from research.training.segmentation_validation import (
    REAL_LABELS,
    measurements,
    score_patients,
    score_phantoms,
)
from spine.findings import Evidence, ModelReference
from spine.inference.backends import Backend, Hardware, compile_network
from spine.inference.cards import Data, Metric
from spine.inference.models import SEGMENTATION_NAME, Model
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network, load_weights
from spine.networks.plain_conv_unet import network_from_plans
from spine.preprocessing.segmentation import SegmentationSpec

VIEW_GROUPS = {
    "phantoms, whole spine": ("whole",),
    "phantoms, truncated": ("lumbar", "space", "cervical"),
}
DESCRIPTION = (
    "Trained on domain-randomized synthetic whole-spine, lumbar and cervical sagittal T2 volumes "
    "only. Tested on held-out synthetic subjects and on lumbar volumes of real patients (SPIDER), "
    "none of which was used in training; sacrum, ribs and everything above T10 have no real test. "
    "The rules that name levels, not the network, were adjusted on these patients: their level "
    "counts are optimistic. Validation subjects were only watched; after a resumed training some "
    "had been trained on."
)


@dataclass(frozen=True, slots=True)
class TestData:
    """What the exported model is measured on, none of it seen in training.

    Attributes
    ----------
    cohort : synthetic, of other subjects
    patients : real lumbar volumes, or None where they are not at hand
    """

    cohort: Path
    patients: Path | None


def export(training: Path, models: Path, version: str, test: TestData) -> list[Measurement]:
    """Measure a trained network on the service's path and write its model folder.

    Parameters
    ----------
    training : `work` of `research.training.segmentation.train`, run on this machine:
        reading its checkpoint runs a pickle
    models : the folder of all models
    """
    plans = plans_from_spec(WINDOW)
    network = _network(training, plans)
    results = measure(_model(network), test)
    files = {
        "plans.json": (json.dumps(plans, indent=1) + "\n").encode(),
        WEIGHTS_FILE: bytes_from_network(network),
    }
    write_model(
        models,
        files,
        name=SEGMENTATION_NAME,
        version=version,
        input=WINDOW,
        data=_data(training, test),
        metrics=tuple(_metric(row) for row in results if row.value is not None),
        attribution=(*ATTRIBUTION, "nnU-Net: Isensee et al., Nature Methods 2021"),
    )
    return results


def validate(models: Path, test: TestData) -> list[Measurement]:
    """Measure the exported model and write ``build/validate-segmentation.json``."""
    begin = time.monotonic()
    folder = models / SEGMENTATION_NAME
    network = network_from_plans(json.loads((folder / "plans.json").read_text()))
    load_weights(network, (folder / WEIGHTS_FILE).read_bytes())
    results = measure(_model(network), test)
    if test.patients is None:
        results.append(Measurement("patients, lumbar: cases", None, "cases", Origin.REAL, 0))
    write_measurements("validate-segmentation", time.monotonic() - begin, results)
    return results


def measure(model: Model[SegmentationSpec], test: TestData) -> list[Measurement]:
    """Score a model on whole and truncated phantoms and, where given, on patients."""
    scores = score_phantoms(test.cohort, model)
    results = []
    for group, views in VIEW_GROUPS.items():
        chosen = [score for score in scores if score.case.rpartition("_")[2] in views]
        results += measurements(chosen, group, Origin.SYNTHETIC)
    if test.patients is not None:
        patients = score_patients(test.patients, model)
        results += measurements(patients, "patients, lumbar", Origin.REAL)
    return results


def _network(training: Path, plans: dict[str, Any]) -> Any:
    """Fill the service's network with the newest checkpoint's weights."""
    import torch  # noqa: PLC0415 - heavy

    newest = latest_checkpoint(training)
    if newest is None:
        raise FileNotFoundError(f"{training} holds no checkpoint")
    checkpoint = torch.load(newest, map_location="cpu", weights_only=False)
    network = network_from_plans(plans)
    network.load_state_dict(checkpoint["network_weights"])
    return network


def _model(network: Any) -> Model[SegmentationSpec]:
    reference = ModelReference(SEGMENTATION_NAME, "0.0.0", "0" * 64, Evidence.SYNTHETIC)
    shape = WINDOW.network_shape
    example = tuple(min(side, 64) for side in shape)
    compiled = compile_network(network, shape, example, Hardware(Backend.OPENVINO))
    return Model(reference, WINDOW, compiled)


def _data(training: Path, test: TestData) -> Data:
    watched = json.loads((preprocessed_folder(training) / SPLITS).read_text())[0]["val"]
    patients = len(list(test.patients.glob(f"*{REAL_LABELS}"))) if test.patients else 0
    return Data(
        description=DESCRIPTION,
        training_subjects=len(prepared_cases(training)) - len(watched),
        validation_subjects=len(watched),
        test_subjects=len(read_records(test.cohort)),
        real_patients=patients,
    )


def _metric(row: Measurement) -> Metric:
    if row.value is None:
        raise ValueError(f"{row.name} was not measured")
    data: Literal["real", "synthetic"] = "real" if row.data is Origin.REAL else "synthetic"
    return Metric(name=row.name, value=round(row.value, 4), unit=row.unit, n=row.n, data=data)
