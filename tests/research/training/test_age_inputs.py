import json
import os

import numpy as np
import pytest
import torch

from research.training import age_inputs
from research.training.age_inputs import AgeView, age_examples
from research.training.age_regions import AgeRegion, labels_of
from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level
from spine.preprocessing.age import age_input
from tests.research.training.age_world import SPEC, spine_of, write_part


def test_inputs_are_the_service_s_bit_for_bit(tmp_path):
    records = write_part(tmp_path / "part", 3)

    examples = age_examples(tmp_path / "part", records, AgeView(SPEC), tmp_path / "cache")

    for place, record in enumerate(records):
        service = age_input(*spine_of(place, record.age_years), SPEC)
        np.testing.assert_array_equal(examples.array(place), service, strict=True)
    assert examples.targets.tolist() == [[record.age_years] for record in records]


def test_what_is_prepared_is_not_prepared_again_and_a_broken_off_one_is(tmp_path):
    records = write_part(tmp_path / "part", 2)
    cache = tmp_path / "cache"
    age_examples(tmp_path / "part", records[:1], AgeView(SPEC), cache)
    written = (cache / "s000.npz").stat().st_mtime_ns
    (cache / "s001.partial").write_bytes(b"half")

    examples = age_examples(tmp_path / "part", records, AgeView(SPEC), cache)

    assert (cache / "s000.npz").stat().st_mtime_ns == written
    assert examples.array(1).any()


def test_a_cache_of_another_preprocessing_is_refused(tmp_path, monkeypatch):
    records = write_part(tmp_path / "part", 1)
    cache = tmp_path / "cache"
    age_examples(tmp_path / "part", records, AgeView(SPEC), cache)

    with pytest.raises(ValueError, match="another preprocessing"):
        age_examples(tmp_path / "part", records, AgeView(SPEC, AgeRegion.LUMBAR), cache)
    monkeypatch.setattr(age_inputs, "_code_sha256", lambda: "of later code")
    with pytest.raises(ValueError, match="another preprocessing"):
        age_examples(tmp_path / "part", records, AgeView(SPEC), cache)


def test_a_cache_of_another_cohort_with_the_same_names_is_refused(tmp_path):
    cache = tmp_path / "cache"
    for cohort in ("first", "second"):
        records = write_part(tmp_path / cohort, 1)
    age_examples(tmp_path / "first", records, AgeView(SPEC), cache)

    with pytest.raises(ValueError, match="of other images"):
        age_examples(tmp_path / "second", records, AgeView(SPEC), cache)


@pytest.mark.parametrize("name", ["image.nii", "labels.nii"])
def test_an_input_of_an_image_that_has_changed_is_refused(tmp_path, name):
    records = write_part(tmp_path / "part", 2)
    age_examples(tmp_path / "part", records, AgeView(SPEC), tmp_path / "cache")
    changed = tmp_path / "part" / "s001" / name
    os.utime(changed, ns=(0, changed.stat().st_mtime_ns + 1))

    age_examples(tmp_path / "part", records[:1], AgeView(SPEC), tmp_path / "cache")
    with pytest.raises(ValueError, match="of other images"):
        age_examples(tmp_path / "part", records, AgeView(SPEC), tmp_path / "cache")


def test_a_cache_that_does_not_say_of_which_images_it_is_is_refused(tmp_path):
    """Earlier ones told preprocessing and code alone."""
    records = write_part(tmp_path / "part", 1)
    cache = tmp_path / "cache"
    age_examples(tmp_path / "part", records, AgeView(SPEC), cache)
    made_by = json.loads((cache / "made-by.json").read_text())
    earlier = json.dumps({name: made_by[name] for name in ("spec", "region", "code")})
    (cache / "made-by.json").write_text(earlier)
    kept = (cache / "s000.npz").stat().st_mtime_ns

    with pytest.raises(ValueError, match="another preprocessing"):
        age_examples(tmp_path / "part", records, AgeView(SPEC), cache)

    assert (cache / "made-by.json").read_text() == earlier
    assert (cache / "s000.npz").stat().st_mtime_ns == kept


def test_a_missing_image_is_an_error(tmp_path):
    records = write_part(tmp_path / "part", 1)
    (tmp_path / "part" / "s000" / "image.nii").unlink()

    with pytest.raises(FileNotFoundError):
        age_examples(tmp_path / "part", records, AgeView(SPEC), tmp_path / "cache")


def test_a_batch_is_laid_out_from_bits_and_values(tmp_path):
    records = write_part(tmp_path / "part", 1)
    examples = age_examples(tmp_path / "part", records, AgeView(SPEC), tmp_path / "cache")

    bits, values = examples.load(0)
    spine = examples.to_input((bits, values), torch.device("cpu"))

    assert bits.numel() == -(-spine.numel() // 8)
    assert values.numel() == int((spine != 0).sum()) < spine.numel() / 4


def test_a_region_keeps_its_vertebrae_and_the_discs_below_them():
    _, labels = spine_of(0, 50.0)

    lumbar = labels_of(labels, AgeRegion.LUMBAR)

    kept = {VERTEBRA_LABELS[Level.L4], DISC_LABELS[DiscLevel.L4_L5]}
    assert set(np.unique(lumbar.data)) == {0, *kept}
    np.testing.assert_array_equal(lumbar.data > 0, np.isin(labels.data, list(kept)))
    assert labels_of(labels, AgeRegion.WHOLE) is labels
    assert not labels_of(labels, AgeRegion.CERVICAL).data.any()
