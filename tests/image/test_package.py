"""The image as a MONAI application package: layout, manifests, labels, `tools`."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from app.manifest import models_label
from app.settings import load_settings
from app.version import VERSION
from tests.image import targets
from tests.image.conftest import Figures, Image

ROOT = Path(__file__).parents[2]
EXPORT = "/var/run/holoscan/export"


def shell(image: Image, command: str, *options: str) -> str:
    ended = image.run("-c", command, options=("--entrypoint=sh", *options))
    assert ended.status == 0, ended.err
    return ended.out


def test_image_stays_below_its_size_goal(image: Image, figures: Figures) -> None:
    size_gb = image.inspect()["Size"] / 1e9
    figures.add(targets.SIZE, size_gb)
    assert size_gb <= 2.5


def test_labels_say_what_is_inside(image: Image) -> None:
    labels = image.inspect()["Labels"]
    assert labels["org.opencontainers.image.title"] == "SpineMAP"
    assert labels["org.opencontainers.image.version"] == VERSION
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["org.opencontainers.image.revision"])
    assert labels["spinemap.models"] == models_label(load_settings(environ={}))
    for package, label in (
        ("holoscan-cu13", "org.nvidia.holoscan"),
        ("monai-deploy-app-sdk", "org.monai.deploy.app-sdk"),
    ):
        assert f"{package}=={labels[label]}\n" in (ROOT / "requirements.txt").read_text()


def test_user_is_not_root_and_nothing_of_the_package_can_be_changed(image: Image) -> None:
    out = shell(image, "id -u; find /opt /etc/holoscan -writable -not -type l 2>/dev/null | wc -l")
    assert out.split() == ["1000", "0"]


def test_no_cuda_but_the_runtime_and_no_compiler(image: Image) -> None:
    out = shell(
        image,
        "ldconfig -p | grep -c libcuda || true; command -v gcc cc pip || true;"
        " ls -d /opt/venv/lib/python3.11/site-packages/*cupy* 2>/dev/null || true",
    )
    assert out.split() == ["0"]


@pytest.mark.parametrize("name", ["app", "pkg"])
def test_show_prints_a_manifest_that_fits_its_schema(image: Image, name: str) -> None:
    schema = json.loads((ROOT / "app" / "schemas" / f"{name}.schema.json").read_text())
    jsonschema.validate(json.loads(image.run("show", name).out), schema)


def test_manifests_promise_the_environment_that_is_there(image: Image) -> None:
    promised = json.loads(image.run("show", "app").out)["environment"]
    there = dict(line.split("=", 1) for line in image.run("env").out.splitlines())
    # A runner sets the timeout that the manifest asks for; alone, the image has none.
    assert promised.pop("HOLOSCAN_TIMEOUT") == "1800"
    assert there.pop("HOLOSCAN_TIMEOUT") == "0"
    assert there == promised


def test_everything_named_in_the_manifests_exists(image: Image) -> None:
    pkg = json.loads(image.run("show", "pkg").out)
    folders = [pkg["applicationRoot"], pkg["modelRoot"], *pkg["models"].values()]
    shell(image, " && ".join(f"test -d {folder}" for folder in folders))
    set_in_image = shell(image, "cat /opt/holoscan/app/app.yaml")
    assert shell(image, "cat /var/holoscan/app.yaml") == set_in_image
    changed = set(set_in_image.splitlines()) - set((ROOT / "app.yaml").read_text().splitlines())
    assert changed == {
        "  root: /var/lib/spinemap", "log_format: json", "  folder: /opt/holoscan/models",
    }  # fmt: skip


@pytest.mark.parametrize("mounted", [(), ("models", "config")], ids=["all", "some"])
def test_extract_copies_what_is_asked_for(
    image: Image, owned: Callable[[str], Path], mounted: tuple[str, ...]
) -> None:
    target = owned("export")
    for name in mounted:
        owned(f"export/{name}")
    ended = image.run("extract", options=(f"--volume={target}:{EXPORT}",))
    assert ended.status == 0, ended.err
    assert {path.name for path in target.iterdir()} == set(
        mounted or ("app", "config", "models", "docs")
    )
    assert {path.name for path in (target / "config").iterdir()} == {
        "app.yaml", "app.json", "pkg.json",
    }  # fmt: skip
    card = Path("age-dcnn", "card.json")
    assert (target / "models" / card).read_bytes() == (ROOT / "models" / card).read_bytes()


def test_bill_of_materials_names_packages_system_and_models(image: Image) -> None:
    bom = json.loads(shell(image, "cat /opt/holoscan/docs/sbom.cdx.json"))
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    there = {(part["name"].lower(), part["version"]) for part in bom["components"]}
    left_out = set((ROOT / "deploy" / "left-out-of-cpu.txt").read_text().split())
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        if version and name not in left_out:
            assert any(
                found.replace("_", "-") == name.lower().replace("_", "-")
                and has.split("+")[0] == version
                for found, has in there
            ), line
    kinds = [part["type"] for part in bom["components"]]
    assert kinds.count("machine-learning-model") == len(load_settings(environ={}).models.approved)
    assert any(
        part.get("purl", "").startswith("pkg:deb/debian/libc6@") for part in bom["components"]
    )


def test_help_and_unknown_arguments(image: Image) -> None:
    assert "serve --config" in image.run("help").out
    assert image.run("fly").status == 2
    assert image.run("show", "everything").status == 2
    assert image.run("extract").status == 2
