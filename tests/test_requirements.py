"""The lock: nothing replaces torch, nothing differs from it, no license forbids shipping."""

import re
from importlib import metadata
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent
# LGPL is allowed as an unmodified dependency that NOTICE names.
FORBIDDEN = re.compile(r"(?<!L)(?<!Lesser )(GPL|GNU (Affero )?General Public)", re.IGNORECASE)


def _locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def _licenses(package: str) -> str:
    fields = metadata.metadata(package)
    classifiers = [c for c in fields.get_all("Classifier") or [] if c.startswith("License")]
    return " ".join([fields.get("License-Expression") or "", *classifiers])


def test_torch_is_the_pinned_version():
    assert torch.__version__.split("+")[0] == _locked("requirements.txt")["torch"]


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_what_is_installed_is_what_is_locked(lock):
    differing = {
        package: (version, metadata.version(package))
        for package, version in _locked(lock).items()
        if metadata.version(package).split("+")[0] != version
    }
    assert not differing


def test_no_package_is_locked_twice():
    assert not set(_locked("requirements.txt")) & set(_locked("requirements-dev.txt"))


def test_nothing_reports_its_use_to_anybody():
    # An interface without an exporter; what openvino-telemetry sends has no place in a hospital.
    locked = {name for name in _locked("requirements.txt") if "telemetry" in name}
    assert locked == {"opentelemetry-api"}
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("openvino-telemetry")


def test_no_runtime_package_is_under_gpl_or_agpl():
    found = {package: _licenses(package) for package in _locked("requirements.txt")}
    assert not {package for package, text in found.items() if FORBIDDEN.search(text)}


def test_notice_names_every_runtime_package_under_lgpl():
    notice = (ROOT / "NOTICE").read_text().lower()
    lgpl = [p for p in _locked("requirements.txt") if re.search("LGPL|Lesser", _licenses(p))]
    assert lgpl
    assert not [package for package in lgpl if package.lower() not in notice]


@pytest.mark.parametrize(
    "name", ["GPL-3.0-only", "License :: GNU Affero General Public License v3"]
)
def test_the_pattern_catches_what_it_must(name):
    assert FORBIDDEN.search(name)


@pytest.mark.parametrize("name", ["LGPL-3.0-only", "GNU Lesser General Public License v3 (LGPLv3)"])
def test_the_pattern_lets_lgpl_pass(name):
    assert not FORBIDDEN.search(name)
