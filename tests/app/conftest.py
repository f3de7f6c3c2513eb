"""A folder of untrained models, approved in a site's settings."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
import torch
import yaml

from spine.anatomy.grades import Scale
from spine.inference.models import AGE_NAME, SEGMENTATION_NAME, disc_name
from spine.inference.weights import bytes_from_network
from spine.networks.age_dcnn import AgeDCNN
from spine.networks.plain_conv_unet import network_from_plans
from spine.networks.vgg_m import VGGM
from spine.preprocessing.disc import DiscSpec
from tests.spine.inference.conftest import (
    AGE,
    PLANS,
    SEGMENTATION,
    WIDTHS,
    trained,
    write_model,
)


@dataclass(frozen=True)
class Installed:
    """Models on disk, and the settings that approve them.

    Attributes
    ----------
    site : settings for tests: torch, which starts faster than OpenVINO
    """

    folder: Path
    site: Path


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("installed")
    hashes = _write_models(root / "models")
    settings = {
        "models": {
            "folder": str(root / "models"),
            "backend": "torch",
            "threads": 1,
            "approved": {
                name: {"card_sha256": digest, "evidence": "synthetic"}
                for name, digest in hashes.items()
            },
        }
    }
    (root / "site.yaml").write_text(yaml.safe_dump(settings))
    return Installed(root / "models", root / "site.yaml")


def _write_models(folder: Path) -> dict[str, str]:
    torch.manual_seed(0)
    unet = trained(network_from_plans(PLANS), *SEGMENTATION.coarse.network_shape)
    age = trained(AgeDCNN(), *AGE.network_shape)
    plans = json.dumps(PLANS).encode()
    files = {"weights.safetensors": bytes_from_network(unet), "plans.json": plans}
    hashes = {SEGMENTATION_NAME: write_model(folder, SEGMENTATION_NAME, SEGMENTATION, files)}
    files = {"weights.safetensors": bytes_from_network(age)}
    bias = {"slope": 0.8, "intercept_years": 10.0, "cases": 12}
    hashes[AGE_NAME] = write_model(folder, AGE_NAME, AGE, files, bias=bias)
    for scale in Scale:
        name, network = disc_name(scale), VGGM((9, 96, 128), len(scale.grades), WIDTHS).eval()
        files = {"weights.safetensors": bytes_from_network(network)}
        hashes[name] = write_model(folder, name, DiscSpec(scale), files, widths=asdict(WIDTHS))
    return hashes
