"""The image's manifests against the schemas in the repo, and against the rest of the repo."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app.manifest import Variant, models_label, write_manifests
from app.settings import load_settings
from spine.errors import Code, ModelIntegrityError

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "app" / "schemas"


@pytest.fixture(params=list(Variant))
def manifests(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Variant, Any, Any]:
    write_manifests(load_settings(environ={}), request.param, tmp_path)
    app, pkg = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("app", "pkg"))
    return request.param, app, pkg


def test_manifests_fit_their_schemas(manifests) -> None:
    _, app, pkg = manifests
    for name, content in (("app", app), ("pkg", pkg)):
        schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(content, schema)


def test_runners_find_a_command_and_every_model(manifests) -> None:
    _, app, pkg = manifests
    assert json.loads(app["command"]) == ["python3", "/opt/holoscan/app"]
    shipped = {path.parent.name for path in (ROOT / "models").glob("*/card.json")}
    assert pkg["models"] == {name: f"/opt/holoscan/models/{name}" for name in shipped}


def test_only_the_gpu_variant_asks_for_a_gpu(manifests) -> None:
    variant, _, pkg = manifests
    expected = ("dgpu", 1) if variant is Variant.GPU else ("cpu", 0)
    assert (pkg["platformConfig"], pkg["resources"]["gpu"]) == expected


def test_the_image_sets_the_variables_that_its_manifest_promises(manifests) -> None:
    _, app, _ = manifests
    dockerfile = (ROOT / "Dockerfile").read_text()
    in_image = dict(re.findall(r"(HOLOSCAN_\w+)=\"?([^\s\"\\]+)", dockerfile))
    # The label's argument, and what a runner decides.
    del in_image["HOLOSCAN_VERSION"], in_image["HOLOSCAN_TIMEOUT"]
    assert in_image.items() <= app["environment"].items()
    assert set(app["environment"]) - set(in_image) == {"HOLOSCAN_VERSION", "HOLOSCAN_TIMEOUT"}


def test_label_names_every_model_with_the_hash_of_its_card() -> None:
    settings = load_settings(environ={})
    label = models_label(settings).split()
    assert len(label) == len(settings.models.approved)
    for name, approval in settings.models.approved.items():
        assert any(
            entry.startswith(f"{name}=") and entry.endswith(f"@{approval.card_sha256}")
            for entry in label
        )


def test_an_unapproved_model_is_not_packaged(tmp_path: Path) -> None:
    settings = load_settings(environ={})
    approved = settings.models.model_copy(update={"approved": {}})
    settings = settings.model_copy(update={"models": approved})
    with pytest.raises(ModelIntegrityError) as refused:
        write_manifests(settings, Variant.CPU, tmp_path / "out")
    assert refused.value.code is Code.MODEL_NOT_APPROVED
    assert not list((tmp_path / "out").glob("*.json"))
