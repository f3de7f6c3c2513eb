"""Real lumbar MR of every third of 24 patients, sent as oblique DICOM series and served."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import mean

import highdicom as hd
import numpy as np
import pytest
from pydicom.uid import Comprehensive3DSRStorage
from scipy.spatial.transform import Rotation

from app.service.register import Register
from pacs.sender import Destination, send
from phantom.dicom_patient import PatientIdentity, StudyIdentity
from phantom.protocols import LUMBAR_T2
from phantom.write_study import one_series, write_study
from spine.anatomy.levels import DiscLevel
from spine.imaging import nifti
from spine.imaging.volume import LabelMap, Volume
from tests.app.service.served import Served, serve, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real patients")]

PACS = "PACS"
STUDY_DATE = date(2025, 3, 14)
LUMBAR_DISCS = ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]
# The reference's values, and the structures of our SEGs that they cover.
REFERENCE = {"vertebra": 1, "disc": 2, "canal": 3}


@dataclass(frozen=True)
class Patient:
    """One patient as written to DICOM."""

    files: list[Path]
    study_uid: str
    reference: LabelMap


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    folder = tmp_path_factory.mktemp("served")
    site = {
        "storage": {"root": str(folder / "data")},
        "listener": {"port": 0},
        "web": {"port": 0},
        "quiet_time_s": 1.0,
        # Below retrospective evidence as a chain: the tests look at the numbers all the same. The
        # segmentation was trained on these patients; docs/validation.md has it out of fold.
        "science": {"minimum_evidence": "synthetic"},
    }
    running = serve(folder, site, ("-m", "app", "serve", "--config"))
    yield running, folder / "data"
    running.end()


def _tilted(affine: np.ndarray) -> np.ndarray:
    """Turn the volume as a patient lies: oblique about every axis."""
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", [6, -4, 9], degrees=True).as_matrix()
    return turn @ affine


def _write(row: dict[str, str], data: Path, folder: Path, seed: int) -> Patient:
    image = nifti.read_volume(data / f"{row['subject']}_image.nii.gz")
    labels = nifti.read_labels(data / f"{row['subject']}_labels.nii.gz")
    volume = Volume(image.data, _tilted(image.affine))
    protocol = replace(LUMBAR_T2, name="T2 SPACE sagittal", slice_thickness_mm=0.9)
    birth = STUDY_DATE - timedelta(days=round(365.25 * float(row["age_years"]) + 30))
    identity = PatientIdentity(patient_id=f"REAL-{seed}", birth_date=birth, sex=row["sex"])
    written = write_study(
        [one_series(volume, protocol)], folder, identity, StudyIdentity(seed, STUDY_DATE)
    )
    reference = LabelMap(labels.data, volume.affine)
    return Patient([*written.paths[0]], written.study_instance_uid, reference)


def test_every_third_real_patient_gets_a_report(
    served, real_data: Path, tmp_path: Path, record_property
) -> None:
    running, root = served
    port = int(running.first_line.split("port ")[1].split(",")[0])
    register = Register(root)
    # `research validate segmentation` takes all of them.
    rows = list(csv.DictReader((real_data / "subjects.csv").open()))[::3]
    scores: dict[str, list[float]] = {name: [] for name in REFERENCE}
    for seed, row in enumerate(rows):
        patient = _write(row, real_data, tmp_path / str(seed), seed)
        send(patient.files, Destination("127.0.0.1", port, "SPINEMAP", PACS), lambda _stored: None)
        run_id = f"{patient.study_uid}.1"
        until(lambda run_id=run_id: register.outcome(run_id) is not None, timeout_s=120)
        run = register.run_folder(run_id)
        _check_results(run, float(row["age_years"]))
        for name, value in _dice(run, patient.reference).items():
            scores[name].append(value)
    assert len(scores["disc"]) == len(rows) == 8
    for name, values in scores.items():
        # The networks that ship learned from these patients; out of fold: docs/validation.md.
        record_property(f"real lumbar MR, seen in training, {name}", _summary(values))


def _summary(values: list[float]) -> str:
    return f"mean Dice {mean(values):.3f}, worst {min(values):.3f} of {len(values)} patients"


def _check_results(run: Path, age_years: float) -> None:
    results = json.loads((run / "results.json").read_text())
    # A study that the quality gate withholds as a whole says so first.
    gate = {item["subject"]: item["code"] for item in results["segmentation"]["refusals"]}
    # P1, section 2.2: 25 to 84 years.
    lumbar = "COVERAGE_TOO_SMALL" if 25 <= age_years <= 84 else "AGE_OUT_OF_RANGE"
    assert results["age"]["refusal"]["code"] in {gate.get("study", lumbar), lumbar}
    levels = {disc["level"]: disc for disc in results["discs"]}
    assert set(LUMBAR_DISCS) <= set(levels)
    for disc in levels.values():
        assert disc["refusal"] or disc["forecasts"]
    assert Comprehensive3DSRStorage in {_sop_class(p) for p in (run / "dicom").glob("*.dcm")}


def _dice(run: Path, reference: LabelMap) -> dict[str, float]:
    """Read the delivered SEGs back with highdicom and compare them in patient space."""
    found = np.zeros(reference.data.shape, dtype=np.uint8)
    for path in sorted((run / "dicom").glob("*.dcm")):
        if hd.UID(_sop_class(path)) == hd.UID("1.2.840.10008.5.1.4.1.1.66.4"):
            _paint(found, path, reference)
    return {
        name: _overlap(found == value, reference.data == value) for name, value in REFERENCE.items()
    }


def _sop_class(path: Path) -> str:
    import pydicom

    return str(pydicom.dcmread(path, specific_tags=["SOPClassUID"]).SOPClassUID)


def _paint(found: np.ndarray, path: Path, reference: LabelMap) -> None:
    segmentation = hd.seg.segread(path)
    volume = segmentation.get_volume(combine_segments=False)
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    for number, segment in enumerate(volume.array.transpose(3, 0, 1, 2)):
        value = _reference_value(segmentation.get_segment_description(number + 1).SegmentLabel)
        world = np.argwhere(segment) @ to_ras[:3, :3].T + to_ras[:3, 3]
        index = np.rint(reference.grid.index_from_world(world)).astype(int)
        if value:
            found[tuple(index.T)] = value


def _reference_value(label: str) -> int:
    """Translate a segment's label; ribs and sacrum are not in the reference."""
    if label in {disc.value for disc in DiscLevel}:
        return REFERENCE["disc"]
    if label[0] in "CTL" and label[1:].isdigit():
        return REFERENCE["vertebra"]
    return REFERENCE["canal"] if label in {"Cerebrospinal fluid", "Spinal cord"} else 0


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * float((first & second).sum()) / float(first.sum() + second.sum())
