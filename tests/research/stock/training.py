"""A stock nnU-Net folder, trained as its authors' would be: planner, trainer, checkpoint."""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from phantom.protocols import LUMBAR_T2, coarser
from phantom.rendering import render
from phantom.subjects import subject
from research.training.segmentation.folders import nnunet_folders
from spine.anatomy.labels import (
    CORD,
    CSF,
    DISC_BY_LABEL,
    LEVEL_BY_LABEL,
    SACRUM,
    TissueClass,
    classes_from_labels,
)
from spine.anatomy.levels import DiscLevel
from spine.imaging import nifti
from spine.imaging.volume import LabelMap, Volume

LANDMARKS = {
    DiscLevel.C2_C3: 2, DiscLevel.C7_T1: 3, DiscLevel.T12_L1: 4, DiscLevel.L5_S1: 5,
}  # fmt: skip
DISCS = {
    "disc": [1, 2, 3, 4, 5], "disc_C2_C3": 2, "disc_C7_T1": 3, "disc_T12_L1": 4, "disc_L5_S": 5,
}  # fmt: skip
STEP_1 = {
    "channel_names": {"0": "MRI"},
    "labels": {
        "background": 0, **DISCS, "vertebrae": [6, 7], "vertebrae_C1": 7,
        "canal": [8, 9], "cord": 9,
    },
    "regions_class_order": [1, 2, 3, 4, 5, 6, 7, 8, 9],
}  # fmt: skip
STEP_2 = {
    "channel_names": {"0": "MRI", "1": "noNorm"},
    "labels": {
        "background": 0, **DISCS, "vertebrae": [6, 7, 8, 9], "vertebrae_O": 7, "vertebrae_E": 8,
        "sacrum": 9, "canal": [10, 11], "cord": 11,
    },
    "regions_class_order": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
}  # fmt: skip
MERGED = {
    "channel_names": {"0": "T2"},
    "labels": {"background": 0, "vertebra": 1, "disc": 2, "canal": 3},
}
_PROCESSES = "nnUNet_n_proc_DA"
_ARCHITECTURE = {
    "features_per_stage": [8, 16, 16], "n_stages": 3, "n_conv_per_stage_decoder": [1, 1],
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how it departs from what nnU-Net's planner proposes."""

    dataset: dict
    configuration: str = "3d_fullres"
    residual: bool = False
    patch: tuple[int, ...] = (8, 48, 32)
    fold: int | str = 0
    iterations: int = 8


@cache
def rendered(seed):
    rng = np.random.default_rng(seed)
    return render(subject(seed), coarser(LUMBAR_T2, 2.5), rng, sub_slices=1)


def step_1_values(labels):
    """Return the values of TotalSpineSeg's first net for this project's labels."""
    values = np.zeros_like(labels)
    for value in np.unique(labels):
        here = labels == value
        if value in DISC_BY_LABEL:
            values[here] = LANDMARKS.get(DISC_BY_LABEL[value], 1)
        elif value in LEVEL_BY_LABEL:
            values[here] = 6
        else:
            values[here] = {CSF: 8, CORD: 9}.get(value, 0)
    return values


def step_2_values(labels):
    """Return the values of its second net: odd and even vertebrae, and the sacrum, apart."""
    values = step_1_values(labels)
    values[values == 9] = 11
    values[values == 8] = 10
    for value, level in LEVEL_BY_LABEL.items():
        values[labels == value] = 9 if value == SACRUM else 7 + level.order % 2
    return values


def merged_values(labels):
    """Return SPIDER's merged labels: vertebra, disc, canal."""
    classes = classes_from_labels(labels)
    values = np.zeros_like(classes)
    values[np.isin(classes, [TissueClass.THORACIC, TissueClass.LUMBAR])] = 1
    values[classes == TissueClass.DISC] = 2
    values[np.isin(classes, [TissueClass.CSF, TissueClass.CORD])] = 3
    return values


def odd_discs(labels):
    """Return every other disc, from the uppermost."""
    discs = [value for value in DISC_BY_LABEL if (labels == value).any()]
    heights = {value: np.argwhere(labels == value)[:, 2].mean() for value in discs}
    return np.isin(labels, sorted(discs, key=lambda value: -heights[value])[::2])


def train(work: Path, recipe: Recipe) -> Path:
    """Plan, prepare and train; return the folder TRAINER__PLANS__CONFIGURATION."""
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    with nnunet_folders(work):
        dataset, fingerprint = _write_raw(work, recipe)
        plans = _plan(work, fingerprint, recipe)
        _prepare(work, plans, dataset, recipe.configuration)
        trainer = nnUNetTrainer(
            plans | {"continue_training": False},
            recipe.configuration,
            recipe.fold,
            dataset,
            torch.device("cpu"),
        )
        trainer.num_epochs, trainer.num_val_iterations_per_epoch = 1, 1
        trainer.num_iterations_per_epoch = recipe.iterations
        # A picture of the curves takes longer than the epoch.
        trainer.logger.plot_progress_png = print
        trainer.initialize()
        trainer.run_training()
    return Path(trainer.output_folder_base)


def _write_raw(work, recipe):
    folder = work / "nnUNet_raw" / "Dataset007_Stock"
    (folder / "imagesTr").mkdir(parents=True)
    (folder / "labelsTr").mkdir()
    shapes, spacings = [], []
    for seed in (1, 2):
        case = rendered(seed)
        labels = case.labels.data
        values = {1: merged_values, 2: step_2_values}[len(recipe.dataset["channel_names"])]
        if recipe.dataset is STEP_1:
            values = step_1_values
        channels = [case.volume.data, odd_discs(labels).astype(np.float32)]
        for number in range(len(recipe.dataset["channel_names"])):
            image = Volume(channels[number], case.volume.affine)
            nifti.write(image, folder / "imagesTr" / f"case{seed}_{number:04d}.nii.gz")
        target = LabelMap(values(labels), case.labels.affine)
        nifti.write(target, folder / "labelsTr" / f"case{seed}.nii.gz")
        shapes.append(list(labels.shape[::-1]))
        spacings.append(list(case.volume.grid.spacing_mm[::-1]))
    dataset = {**recipe.dataset, "numTraining": 2, "file_ending": ".nii.gz"}
    (folder / "dataset.json").write_text(json.dumps(dataset))
    measured = {
        "mean": 300.0, "std": 150.0, "median": 280.0, "min": 0.0, "max": 900.0,
        "percentile_00_5": 10.0, "percentile_99_5": 800.0,
    }  # fmt: skip
    return dataset, {
        "spacings": spacings,
        "shapes_after_crop": shapes,
        "foreground_intensity_properties_per_channel": dict.fromkeys(
            dataset["channel_names"], measured
        ),
        "median_relative_size_after_cropping": 1.0,
    }


def _plan(work, fingerprint, recipe):
    """Let nnU-Net plan, then make the network small: a configuration that inherits the rest."""
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import (
        ExperimentPlanner,
    )
    from nnunetv2.experiment_planning.experiment_planners.residual_unets.residual_encoder_unet_planners import (  # noqa: E501
        ResEncUNetPlanner,
    )

    base = work / "nnUNet_preprocessed" / "Dataset007_Stock"
    base.mkdir(parents=True)
    (base / "dataset_fingerprint.json").write_text(json.dumps(fingerprint))
    # nnU-Net cannot plan with none; `nnunet_folders` sets it back.
    os.environ[_PROCESSES] = "1"
    planner = (ResEncUNetPlanner if recipe.residual else ExperimentPlanner)(7)
    planner.plan_experiment()
    os.environ[_PROCESSES] = "0"
    plans = json.loads((base / f"{planner.plans_identifier}.json").read_text())
    _make_small(plans["configurations"][recipe.configuration], recipe)
    splits = [{"train": ["case1"], "val": ["case2"]}]
    (base / "splits_final.json").write_text(json.dumps(splits))
    return plans


def _make_small(configuration, recipe):
    arguments = configuration["architecture"]["arch_kwargs"]
    axes = len(recipe.patch)
    arguments.update(
        _ARCHITECTURE,
        kernel_sizes=[[3] * axes] * 3,
        strides=[[1] * axes, [2] * axes, [2] * axes],
    )
    blocks = "n_blocks_per_stage" if recipe.residual else "n_conv_per_stage"
    arguments[blocks] = [1, 1, 1]
    configuration.update(patch_size=list(recipe.patch), batch_size=2)


def _prepare(work, plans, dataset, name):
    """Prepare the cases in this process."""
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    manager = PlansManager(plans)
    configuration = manager.get_configuration(name)
    raw = work / "nnUNet_raw" / "Dataset007_Stock"
    base = work / "nnUNet_preprocessed" / "Dataset007_Stock"
    folder = base / configuration.data_identifier
    folder.mkdir()
    (base / "dataset.json").write_text(json.dumps(dataset))
    for case in ("case1", "case2"):
        images = sorted(map(str, (raw / "imagesTr").glob(f"{case}_*")))
        DefaultPreprocessor(verbose=False).run_case_save(
            str(folder / case), images, str(raw / "labelsTr" / f"{case}.nii.gz"),
            manager, configuration, dataset,
        )  # fmt: skip
