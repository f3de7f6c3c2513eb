"""From image and label files to nnU-Net's preprocessed cases, window by window."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from research.cohort import SubjectRecord, read_images, read_records
from research.training.segmentation_plans import (
    CONFIGURATION,
    DATASET,
    PLANS,
    TRAINER,
    dataset_from_classes,
    plans_from_spec,
)
from spine.anatomy.labels import classes_from_labels
from spine.imaging.volume import LabelMap
from spine.preprocessing.segmentation import (
    SegmentationSpec,
    window_from_classes,
    window_from_volume,
)

CHECKPOINT = "checkpoint_latest.pth"
FINAL_CHECKPOINT = "checkpoint_final.pth"
SPLITS = "splits_final.json"
_FOLDERS = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")


def preprocessed_folder(work: Path) -> Path:
    """Return where nnU-Net keeps plans, splits and prepared cases."""
    return work / "nnUNet_preprocessed" / DATASET


def prepared_cases(work: Path) -> list[str]:
    """Return every case ever prepared for a training, also by earlier parts of a resumed one."""
    folder = preprocessed_folder(work) / f"{PLANS}_{CONFIGURATION}"
    return sorted(path.stem for path in folder.glob("*.pkl"))


def results_folder(work: Path) -> Path:
    """Return where nnU-Net keeps checkpoints and curves of the one fold."""
    return work / "nnUNet_results" / DATASET / f"{TRAINER}__{PLANS}__{CONFIGURATION}" / "fold_0"


def latest_checkpoint(work: Path) -> Path | None:
    """Return the newest checkpoint below a training's `work` folder, or None before the first."""
    found = [results_folder(work) / name for name in (CHECKPOINT, FINAL_CHECKPOINT)]
    existing = [path for path in found if path.exists()]
    return max(existing, key=lambda path: path.stat().st_mtime_ns, default=None)


@contextmanager
def nnunet_folders(work: Path) -> Iterator[None]:
    """Point nnU-Net to its folders under `work`, in this process and only inside the block."""
    wanted = {name: str(work / name) for name in _FOLDERS} | {"nnUNet_n_proc_DA": "0"}
    before = {name: os.environ.get(name) for name in wanted}
    for name in _FOLDERS:
        (work / name).mkdir(parents=True, exist_ok=True)
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def read_windows(
    cohort: Path, record: SubjectRecord, spec: SegmentationSpec
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], np.ndarray[Any, np.dtype[np.uint8]]]:
    """Read a case through the service's own preprocessing.

    Returns
    -------
    float32 (1, right, superior, anterior), uint8 (right, superior, anterior)
    """
    volume, labels = read_images(cohort, record)
    classes = LabelMap(classes_from_labels(labels.data), labels.affine)
    return window_from_volume(volume, spec), window_from_classes(classes, spec)


def prepare(cohort: Path, work: Path, spec: SegmentationSpec, validation_share: float) -> int:
    """Write every case that is not there yet as nnU-Net's own preprocessor would.

    Subjects are told apart by the part of the case name before the first
    underscore; a subject's views never stand on both sides of the split.

    Returns
    -------
    Number of cases prepared by now
    """
    base = preprocessed_folder(work)
    folder = base / f"{PLANS}_{CONFIGURATION}"
    folder.mkdir(parents=True, exist_ok=True)
    records = read_records(cohort)
    cases = [record.subject_id for record in records]
    plans, dataset = plans_from_spec(spec), dataset_from_classes(len(cases))
    _write(base / f"{PLANS}.json", plans)
    _write(base / "dataset.json", dataset)
    _write(base / "dataset_fingerprint.json", {})
    _write(base / SPLITS, [_split(cases, validation_share)])
    for record in records:
        if not (folder / f"{record.subject_id}.pkl").exists():
            _save_case(cohort, record, folder, spec)
    return len(cases)


def _split(cases: list[str], validation_share: float) -> dict[str, list[str]]:
    subjects = sorted({case.split("_")[0] for case in cases})
    held = set(subjects[: max(1, round(validation_share * len(subjects)))])
    return {
        "train": [case for case in cases if case.split("_")[0] not in held],
        "val": [case for case in cases if case.split("_")[0] in held],
    }


def _save_case(cohort: Path, record: SubjectRecord, folder: Path, spec: SegmentationSpec) -> None:
    """Pass a window through nnU-Net's preprocessor, which must leave it as it is."""
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import (  # noqa: PLC0415 - slow
        DefaultPreprocessor,
    )
    from nnunetv2.training.dataloading.nnunet_dataset import (  # noqa: PLC0415 - slow
        comp_blosc2_params,
        nnUNetDatasetBlosc2,
    )
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager  # noqa: PLC0415 - slow

    plans = PlansManager(plans_from_spec(spec))
    configuration = plans.get_configuration(CONFIGURATION)
    image, classes = read_windows(cohort, record, spec)
    properties: dict[str, Any] = {"spacing": configuration.spacing}
    data, target, properties = DefaultPreprocessor(verbose=False).run_case_npy(
        image,
        classes[None].astype(np.int16),
        properties,
        plans,
        configuration,
        dataset_from_classes(1),
    )
    if not np.array_equal(data, image):
        raise AssertionError("nnU-Net changed a window: training would not see what inference sees")
    blocks, chunks = comp_blosc2_params(data.shape, tuple(configuration.patch_size), 4)
    nnUNetDatasetBlosc2.save_case(
        data, target, properties, str(folder / record.subject_id), chunks=chunks, blocks=blocks
    )


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
