import json

import numpy as np
import pytest

from research.training.segmentation.export import HELD_OUT_FILE
from research.validation.segmentation import patients
from research.validation.segmentation.pictures import WorstCases
from research.validation.segmentation.scores import score_patient
from spine.imaging import nifti
from spine.imaging.volume import LabelMap, Volume


@pytest.fixture
def real(tmp_path, merged, lumbar):
    """Two patients in the merged form of SPIDER."""
    folder = tmp_path / "real"
    folder.mkdir()
    for name in ("3", "7"):
        volume = Volume(lumbar.data.astype(np.float32) + int(name), lumbar.affine)
        nifti.write(volume, folder / f"{name}_image.nii.gz")
        nifti.write(merged, folder / f"{name}_labels.nii.gz")
    return folder


def fold(folder, number, names):
    path = folder / f"fold-{number}"
    path.mkdir(parents=True)
    (path / HELD_OUT_FILE).write_text(json.dumps([f"spider-merged-{name}" for name in names]))


def test_each_patient_meets_the_model_of_the_fold_that_held_them_out(
    tmp_path, real, case, monkeypatch
):
    fold(tmp_path / "folds", 0, ["7"])
    fold(tmp_path / "folds", 1, ["3"])
    met = []

    def segmented(name, images, model, age_years):
        volume, _ = images
        met.append((name, model, volume.data.shape[2]))
        return case(certain=volume.data.shape[2] == 60, name=name)

    monkeypatch.setattr(patients, "read_unapproved", lambda models: models.name)
    monkeypatch.setattr(patients, "segmented", segmented)

    rows = patients.rows(
        patients.validate_patients(real, tmp_path / "folds", tmp_path / "pictures")
    )

    assert met == [
        *(("spider-merged-7", "fold-0", length) for length in (60, 50)),
        *(("spider-merged-3", "fold-1", length) for length in (60, 50)),
    ]
    found = {row.name: row.value for row in rows}
    assert found[f"{patients.GROUP}: a level wrong"] == 0
    assert found[f"{patients.GROUP}, sacrum cut off: levels certain"] == 0
    assert len(list((tmp_path / "pictures").glob("worst-*.png"))) == 2


def test_folds_that_are_not_there_are_an_error(tmp_path, real):
    with pytest.raises(FileNotFoundError, match="no folds"):
        patients.validate_patients(real, tmp_path / "folds", tmp_path)


def test_a_fold_of_other_patients_is_an_error(tmp_path, real, monkeypatch):
    fold(tmp_path / "folds", 0, ["99"])
    monkeypatch.setattr(patients, "read_unapproved", lambda models: models)
    with pytest.raises(ValueError, match="spider-merged-99"):
        patients.validate_patients(real, tmp_path / "folds", tmp_path)


def test_the_three_worst_are_kept_worst_first(tmp_path, case, lumbar):
    worst = WorstCases()
    for name, cut in (("d", 8), ("a", 45), ("c", 30), ("b", 40)):
        data = lumbar.data.copy()
        data[:, :, :cut] = 0
        one = case(LabelMap(data, lumbar.affine), name=name)
        worst.consider(one, score_patient(one))
    names = [path.name for path in worst.write(tmp_path)]
    assert names == ["worst-1-a.png", "worst-2-b.png", "worst-3-c.png"]
