import json
from hashlib import sha256

import numpy as np
import pytest

from research.cohort import SubjectRecord, write_subject
from research.export import data_of, write_model
from research.training.image_limits import fit_image_limits, limit_images
from spine.age.image_quality import ImageQuality, image_quality
from spine.imaging.volume import LabelMap, Volume
from spine.inference.cards import card_from_json

AFFINE = np.diag([3.0, 0.9, 0.9, 1.0])


def image(seed):
    data = np.random.default_rng(seed).uniform(50, 150, (4, 30, 40)).astype(np.float32)
    labels = np.zeros(data.shape, np.uint8)
    labels[1:3, 8:22, 8:32] = 44
    return Volume(data, AFFINE), LabelMap(labels, AFFINE)


@pytest.fixture
def part(tmp_path):
    for seed in range(3):
        write_subject(tmp_path / "part", SubjectRecord(f"s{seed}", 50.0, "F", {}), *image(seed))
    return tmp_path / "part"


@pytest.fixture
def model(tmp_path):
    facts = {
        "name": "age-dcnn",
        "version": "0.1.0",
        "input": {"kind": "age"},
        "data": data_of("phantoms", 3, 3, 3),
        "metrics": (),
    }
    write_model(tmp_path / "models", {"weights.safetensors": b"weights"}, **facts)
    return tmp_path / "models" / "age-dcnn"


def test_limits_lie_a_margin_beyond_what_is_usual():
    """Of 101 cases the first percentile is the second lowest, the 99th the second highest."""
    found = [ImageQuality(0.1 + 0.001 * n, 1.0 + 0.001 * n) for n in range(101)]

    limits = fit_image_limits(found)

    assert limits.lowest_detail == pytest.approx(0.875 * 0.101, abs=1e-4)
    assert limits.highest_grain == pytest.approx(1.5 * 1.099, abs=1e-4)
    assert limits.cases == 101


def test_limits_need_cases():
    with pytest.raises(ValueError, match="need cases"):
        fit_image_limits([])


def test_the_card_gets_the_limits_and_keeps_the_rest(model, part):
    before = json.loads((model / "card.json").read_bytes())

    digest = limit_images(model, part)

    text = (model / "card.json").read_bytes()
    assert digest == sha256(text).hexdigest()
    after = json.loads(text)
    limits = after.pop("image_limits")
    assert after == before
    assert limits["cases"] == 3
    assert (model / "weights.safetensors").read_bytes() == b"weights"
    own = [image_quality(*image(seed)) for seed in range(3)]
    assert all(one.detail > limits["lowest_detail"] for one in own)
    assert all(one.grain < limits["highest_grain"] for one in own)


def test_limits_are_fixed_anew_and_on_as_many_as_asked(model, part):
    limit_images(model, part)

    limit_images(model, part, most=2)

    assert card_from_json((model / "card.json").read_bytes()).image_limits.cases == 2
