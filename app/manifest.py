"""The two manifests of a MONAI application package, from the settings and the models' cards.

Sources: the Holoscan Application Package specification, and what runners read; where they
differ, docs/adr/0080-the-image.md decides. Schemas: `app/schemas`.
"""

import json
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.approval import approved_models
from app.settings import Settings
from app.version import VERSION

APP_FILE = "app.json"
PKG_FILE = "pkg.json"

_API_VERSION = "1.0.0"
_ROOT = Path("/opt/holoscan")
_WORK = Path("/var/holoscan")
_ETC = Path("/etc/holoscan")


class Variant(StrEnum):
    """Of the image: with CUDA, or without."""

    CPU = "cpu"
    GPU = "gpu"


def write_manifests(settings: Settings, variant: Variant, output: Path) -> None:
    """Write ``app.json`` and ``pkg.json``.

    Raises
    ------
    ModelIntegrityError
        If one of the models in the settings' folder is not exactly what was approved.
    """
    output.mkdir(parents=True, exist_ok=True)
    names = [model.card.name for model in approved_models(settings)]
    for name, content in (
        (APP_FILE, application_manifest(settings)),
        (PKG_FILE, package_manifest(settings, variant, names)),
    ):
        (output / name).write_text(json.dumps(content, indent=2) + "\n")


def application_manifest(settings: Settings) -> dict[str, Any]:
    """Return ``app.json``: how the application is run and what goes in and out."""
    return {
        "apiVersion": _API_VERSION,
        "type": "application",
        # Runners parse an array out of this string.
        "command": json.dumps(["python3", str(_ROOT / "app")]),
        "environment": {
            "HOLOSCAN_INPUT_PATH": f"{_WORK}/input/",
            "HOLOSCAN_OUTPUT_PATH": f"{_WORK}/output/",
            "HOLOSCAN_WORKDIR": f"{_WORK}/",
            "HOLOSCAN_APPLICATION": f"{_ROOT}/app/",
            "HOLOSCAN_MODEL_PATH": f"{_ROOT}/models/",
            "HOLOSCAN_CONFIG_PATH": f"{_WORK}/app.yaml",
            "HOLOSCAN_APP_MANIFEST_PATH": f"{_ETC}/{APP_FILE}",
            "HOLOSCAN_PKG_MANIFEST_PATH": f"{_ETC}/{PKG_FILE}",
            "HOLOSCAN_DOCS_PATH": f"{_ROOT}/docs/",
            "HOLOSCAN_LOGS_PATH": f"{_WORK}/logs/",
            "HOLOSCAN_TIMEOUT": str(settings.package.timeout_s),
            "HOLOSCAN_VERSION": VERSION,
        },
        "input": {"path": "input/", "formats": ["file"]},
        "output": {"path": "output/", "formats": ["file"]},
        "readiness": None,
        "liveness": None,
        "sdk": "monai-deploy",
        "sdkVersion": version("monai-deploy-app-sdk"),
        "timeout": settings.package.timeout_s,
        "version": VERSION,
        "workingDirectory": str(_WORK),
    }


def package_manifest(settings: Settings, variant: Variant, models: list[str]) -> dict[str, Any]:
    """Return ``pkg.json``: where things lie and what they need."""
    has_gpu = variant is Variant.GPU
    return {
        "apiVersion": _API_VERSION,
        "applicationRoot": str(_ROOT / "app"),
        "modelRoot": str(_ROOT / "models"),
        "models": {name: str(_ROOT / "models" / name) for name in models},
        "resources": {
            "cpu": settings.package.cpu,
            "gpu": int(has_gpu),
            "memory": settings.package.memory,
            "gpuMemory": settings.package.gpu_memory if has_gpu else "0Gi",
        },
        "version": VERSION,
        "platformConfig": "dgpu" if has_gpu else "cpu",
    }


def models_label(settings: Settings) -> str:
    """Return every model with version and hash of its card, for the label of the image."""
    references = (model.reference for model in approved_models(settings))
    return " ".join(f"{ref.name}={ref.version}@{ref.card_sha256}" for ref in references)
