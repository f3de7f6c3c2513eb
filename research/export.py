"""Writing a model folder: the files, and the card that holds their hashes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from spine.inference.cards import CARD_FILE, Card, Data, Metric

LICENSE = "Apache-2.0"
SYNTHETIC_NOTICE = (
    "Trained and measured on synthetic phantoms only; no clinical performance is claimed. "
    "For demonstration and tests, not for patients."
)
REAL_NOTICE = (
    "Trained on images of patients; what it, or networks trained alike, reached on others is "
    "below. "
    "For demonstration and tests, not for patients."
)
ATTRIBUTION = (
    "SpineMAP phantoms; their image statistics were set beside the SPIDER data set "
    "(van der Graaf et al., Sci Data 2024, 11:264, CC BY 4.0)",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose images a model learned from and was measured on: no file of a run tells.

    Attributes
    ----------
    population : whom the model is about: origin, ages, what was excluded; virtual people may
        go without
    readers : data set whose readers' grades a model was measured on; None for other models

    Raises
    ------
    ValueError
        If a model of patients states no population.
    """

    data: Literal["synthetic", "real"]
    population: str = ""
    readers: Path | None = None

    def __post_init__(self) -> None:
        if self.data == "real" and not self.population.strip():
            raise ValueError("a model of real patients must state its population")

    def facts(self, *, begun_with_another: bool, source: str = "") -> dict[str, object]:
        """Return the facts of a card that the defaults of `write_model` do not fit.

        Parameters
        ----------
        begun_with_another : with the weights of a model that may have learned from phantoms
        source : of a public data set that was learned from, with its license
        """
        if self.data == "synthetic":
            return {}
        attribution = (*(ATTRIBUTION if begun_with_another else ()), *([source] if source else ()))
        return {"intended_use": REAL_NOTICE, "attribution": attribution}


def write_model(models: Path, files: Mapping[str, bytes], **facts: Any) -> str:
    """Write ``<models>/<name>/`` anew and return the SHA-256 of its card, to be approved.

    Parameters
    ----------
    models : the folder of all models
    files : content by name: ``weights.safetensors``, ``plans.json``
    **facts : the card's other fields, see `Card`; license, attribution, evidence and intended
        use have defaults that fit a model made from phantoms
    """
    defaults = {
        "schema_version": 1,
        "evidence": "synthetic",
        "intended_use": SYNTHETIC_NOTICE,
        "license": LICENSE,
        "attribution": ATTRIBUTION,
    }
    hashes = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    card = Card.model_validate({**defaults, **facts, "files": hashes})
    text = (card.model_dump_json(indent=1, exclude_none=True) + "\n").encode()
    folder = models / card.name
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.safetensors")) - {folder / name for name in files}:
        # Of a model of other parts; a folder that holds more than its card lists is refused.
        stale.unlink()
    for name, content in {**files, CARD_FILE: text}.items():
        (folder / name).write_bytes(content)
    return sha256(text).hexdigest()


def data_of(
    description: str, training: int, validation: int, test: int, real_patients: int = 0
) -> Data:
    """Count the subjects of each part of a split.

    Parameters
    ----------
    real_patients : of the test part; none where it is synthetic
    """
    return Data(
        description=description,
        training_subjects=training,
        validation_subjects=validation,
        test_subjects=test,
        real_patients=real_patients,
    )


def summary(name: str, card_sha256: str, metrics: Sequence[Metric]) -> str:
    """Say in one line what was exported and how good it is."""
    figures = "; ".join(f"{metric.name} {metric.value:g}" for metric in metrics)
    return f"{name} card {card_sha256}: {figures}"
