"""Add to the bill of materials of a Python environment the system's packages and the models.

``sbom.py PYTHON_SBOM MODELS OUTPUT``: CycloneDX 1.6, JSON. Runs in the build stage of the
image, with the packages of ``requirements-sbom.txt``.
"""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL


def debian_packages() -> list[Component]:
    """Return the packages that dpkg knows as installed."""
    listing = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\n"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [_debian(*line.split()) for line in listing.stdout.splitlines()]


def models(folder: Path) -> list[Component]:
    """Return every model with the hash of its card, which holds those of its files."""
    return [_model(path) for path in sorted(folder.glob("*/card.json"))]


def write(python_sbom: Path, model_folder: Path, output: Path) -> None:
    """Join the three and write them."""
    bom: Bom = Bom.from_json(json.loads(python_sbom.read_text()))  # type: ignore[attr-defined]
    for component in (*debian_packages(), *models(model_folder)):
        bom.components.add(component)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(JsonV1Dot6(bom).output_as_string(indent=1) + "\n")


def _debian(name: str, version: str, architecture: str) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"debian:{name}={version}",
        purl=PackageURL("deb", "debian", name, version, {"arch": architecture}),
    )


def _model(path: Path) -> Component:
    card = json.loads(path.read_text())
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=card["name"],
        version=card["version"],
        bom_ref=f"model:{card['name']}",
        description=card["data"]["description"],
        licenses=[DisjunctiveLicense(id=card["license"])],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256(path.read_bytes()).hexdigest())],
    )


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
