"""The discs of a cohort as network inputs, cut once and kept beside the cohort."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from research.cohort import IMAGE_FILE, LABELS_FILE
from research.followups import Followup, check_images, refuse
from research.made_by import code_sha256, image_stamps
from research.processes import each
from spine.anatomy.grades import Scale
from spine.anatomy.labels import classes_from_labels
from spine.anatomy.levels import DiscLevel
from spine.errors import OutOfFieldError
from spine.imaging import nifti, resampling
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap
from spine.preprocessing import disc as preprocessing
from spine.preprocessing.disc import DiscSpec, disc_input
from spine.segmentation import canal, discs, geometry, placement, profiles
from spine.segmentation.canal import guide_from_classes
from spine.segmentation.geometry import measure

Region = NDArray[np.float16]

_INDEX_COLUMNS = ("patient_id", "level", "cut")


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Every disc's input.

    Attributes
    ----------
    inputs : memory map, float16, shape (discs, slices, rows, columns)
    place : first axis of `inputs` by disc; discs left out are absent
    """

    inputs: Region
    place: dict[tuple[str, DiscLevel], int]

    def known(self, rows: Sequence[Followup]) -> list[Followup]:
        """Return the rows whose disc was cut."""
        return [row for row in rows if (row.patient_id, row.level) in self.place]

    def rows_of(self, rows: Sequence[Followup]) -> NDArray[np.int64]:
        """Return the place of each row's disc."""
        return np.array([self.place[row.patient_id, row.level] for row in rows], np.int64)


def swapped(spec: DiscSpec) -> DiscSpec:
    """Return the region with P2's two lengths the other way round, for the sensitivity run.

    It then holds both vertebrae and little canal: 2 w along the spine, 1.5 w front to back.
    """
    slices, rows, columns = spec.shape
    return replace(
        spec,
        height_widths=spec.depth_widths,
        depth_widths=spec.height_widths,
        shape=(slices, columns, rows),
    )


def cut_regions(
    cohort: Path,
    rows: Sequence[Followup],
    spec: DiscSpec,
    *,
    workers: int = 1,
    leave_out: bool = False,
) -> Regions:
    """Cut all graded discs of a cohort, or take what was cut before with the same region.

    Parameters
    ----------
    spec : its scale does not matter: all scales see the same region
    leave_out : go on without discs that are not in the labels or too far out of the image

    Raises
    ------
    FollowupsError
        Naming the rows without image; without `leave_out` also those whose disc was not found.
    ValueError
        If what was cut before is of another region or code, or of images that have changed.
    """
    check_images(cohort, rows)
    wanted = sorted({(row.patient_id, row.level.value) for row in rows})
    path = regions_path(cohort, spec)
    index = path.with_suffix(".csv")
    made_by = json.dumps(made_by_of(cohort, rows, spec), indent=1) + "\n"
    told = path.with_suffix(".json")
    if not index.exists() or [entry[:2] for entry in _read_index(index)] != wanted:
        index.unlink(missing_ok=True)
        was_cut = _cut_all(wanted, spec, path, workers)
        told.write_text(made_by)
        _write_index(index, wanted, was_cut)
    elif not told.exists() or told.read_text() != made_by:
        raise ValueError(
            f"{path} holds regions of another preprocessing or of other images: remove {index.name}"
        )
    cut = {(name, DiscLevel(level)): was_cut for name, level, was_cut in _read_index(index)}
    if not leave_out:
        absent = [row for row in rows if not cut[row.patient_id, row.level]]
        refuse("discs without image", absent)
    place = {disc: number for number, (disc, was_cut) in enumerate(cut.items()) if was_cut}
    return Regions(np.load(path, mmap_mode="r"), place)


def regions_path(cohort: Path, spec: DiscSpec) -> Path:
    """Return where a cohort's regions of one form and slice spacing lie."""
    form = f"{spec.height_widths:g}x{spec.depth_widths:g}x{spec.slice_spacing_mm:g}mm"
    return cohort / f"regions-{form}.npy"


def made_by_of(cohort: Path, rows: Sequence[Followup], spec: DiscSpec) -> dict[str, Any]:
    """Return what the regions of these rows are made by: region, code, images."""
    modules = (preprocessing, resampling, canal, discs, geometry, placement, profiles)
    patients = sorted({row.patient_id for row in rows})
    return {
        "spec": asdict(replace(spec, scale=Scale.PFIRRMANN)),
        "code": code_sha256(*modules),
        "images": {patient: image_stamps(cohort / patient) for patient in patients},
    }


def _cut_all(wanted: list[tuple[str, str]], spec: DiscSpec, path: Path, workers: int) -> list[bool]:
    """Fill the memory map; return whether each disc was cut."""
    shape = (len(wanted), *spec.shape)
    inputs = np.lib.format.open_memmap(path, "w+", np.float16, shape)
    levels: dict[str, list[str]] = {}
    for name, level in wanted:
        levels.setdefault(name, []).append(level)
    was_cut: list[bool] = []
    work = partial(_cut_patient, path.parent, spec)
    for cut in tqdm(
        each(work, list(levels.items()), workers), "regions", len(levels), mininterval=5
    ):
        for region in cut:
            if region is not None:
                inputs[len(was_cut)] = region
            was_cut.append(region is not None)
    inputs.flush()
    return was_cut


def _cut_patient(
    cohort: Path, spec: DiscSpec, patient: tuple[str, list[str]]
) -> list[Region | None]:
    """Cut a patient's discs, measured on the labels exactly as in the service."""
    name, levels = patient
    folder = cohort / name
    volume = canonical(nifti.read_volume(folder / IMAGE_FILE))
    labels = canonical(nifti.read_labels(folder / LABELS_FILE))
    classes = LabelMap(classes_from_labels(labels.data), labels.affine)
    spine = measure(labels, guide_from_classes(classes))
    regions: list[Region | None] = []
    for level in levels:
        disc = spine.disc(DiscLevel(level))
        try:
            if disc is None or not np.isfinite(spine.mean_width_mm):
                regions.append(None)
            else:
                region = disc_input(volume, disc.frame, spine.mean_width_mm, spec)
                regions.append(region.astype(np.float16))
        except OutOfFieldError:
            regions.append(None)
    return regions


def default_spec(*, swap_axes: bool) -> DiscSpec:
    """Return the region of the service, or the one with swapped lengths."""
    spec = DiscSpec(Scale.PFIRRMANN)
    return swapped(spec) if swap_axes else spec


def _write_index(path: Path, wanted: list[tuple[str, str]], was_cut: list[bool]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_INDEX_COLUMNS)
        writer.writerows((*disc, int(found)) for disc, found in zip(wanted, was_cut, strict=True))


def _read_index(path: Path) -> list[tuple[str, str, bool]]:
    with path.open(newline="") as file:
        return [
            (row["patient_id"], row["level"], row["cut"] == "1") for row in csv.DictReader(file)
        ]
