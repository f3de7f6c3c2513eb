"""What grading networks say of a followed cohort's baseline images: reports without readers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from research.estimators.discs.model_baseline import baseline_file
from research.followups import FOLLOWUPS_FILE, read_followups
from research.training.discs.batches import DeviceInputs, device_of
from research.training.discs.fitting import predict_logits
from research.training.discs.folds import Parts, fold_by_patient
from research.training.discs.graded_regions import GradedDisc, middle_spec
from research.training.discs.plans import Computer, Target, read_plan
from research.training.discs.predictions import write_gradings
from research.training.discs.regions import cut_regions
from research.training.discs.response_norm import with_sliced_norms
from research.training.discs.scale_trainer import ALL_FOLDER
from research.training.discs.starts import read_trained
from spine.anatomy.grades import Scale
from spine.inference.weights import load_weights
from spine.networks.vgg_m import VGGM


def grade_baselines(
    cohort: Path, run: Path, grading: Path, computer: Computer, *, leave_out: bool = False
) -> Iterator[str]:
    """Grade every disc of a cohort at baseline and write ``baseline-<scale>.csv`` into a run.

    Parameters
    ----------
    run : of `train progression` on the cohort
    grading : run of `train grading` or `finetune grading` that knows none of the cohort's people
    leave_out : go on without discs whose region cannot be cut

    Yields
    ------
    one line a scale

    Raises
    ------
    ValueError
        If there is no grading network.
    """
    plan = read_plan(run)
    scales = [scale for scale in Scale if (grading / scale.value / ALL_FOLDER).is_dir()]
    if not scales:
        raise ValueError(f"{grading.name} has no grading network")
    torch.set_num_threads(computer.threads)
    rows = read_followups(cohort / FOLLOWUPS_FILE)
    folds = fold_by_patient(rows, plan["folds"], plan["settings"]["seed"])
    spec, workers = middle_spec(), computer.workers
    regions = cut_regions(cohort, rows, spec, workers=workers, leave_out=leave_out)
    inputs = DeviceInputs(regions.inputs, device_of(computer.device))
    for scale in scales:
        known = regions.known([row for row in rows if row.scale is scale])
        places = regions.rows_of(known)
        discs = [
            GradedDisc(row.patient_id, row.level, row.baseline, int(place), folds[row.patient_id])
            for row, place in zip(known, places, strict=True)
        ]
        path = run / baseline_file(scale)
        network, temperature = _network(grading, scale, inputs)
        logits = predict_logits(network, inputs, places)
        write_gradings(path, discs, [(_all_tested(len(discs)), logits, temperature)])
        yield f"{scale.value}: {path.name}, {len(discs)} discs"


def _network(grading: Path, scale: Scale, inputs: DeviceInputs) -> tuple[VGGM, float]:
    """Return a trained grading network on the device, and its temperature."""
    trained = read_trained(grading, scale)
    network = VGGM(inputs.shape, len(Target.BASELINE.classes(scale)), trained.layers)
    load_weights(network, trained.weights)
    return with_sliced_norms(network).to(inputs.device), trained.temperature


def _all_tested(discs: int) -> Parts:
    nobody = np.empty(0, np.int64)
    return Parts(None, nobody, nobody, np.arange(discs))
