"""What a trained age network says of every part that it did not learn from, as a table."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from torch import nn
from tqdm import tqdm

from research.age_answers import COLUMNS, PREDICTIONS_FILE
from research.cohort import read_records
from research.training.age import RUN_FILE, TRAINING_PART, AgeFolders
from research.training.age_evaluation import Answers
from research.training.age_inputs import AgeExamples, AgeView
from research.training.age_regions import AgeRegion
from research.training.loop import predict
from spine.age.heat import LastBlock
from spine.inference.age import compile_age_network
from spine.inference.backends import Backend, Hardware
from spine.inference.weights import WEIGHTS_FILE, load_weights
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec

FEATURES_FILE = "features.npy"
_SPEC = TypeAdapter(AgeSpec)


def write_predictions(
    network: AgeDCNN,
    folders: AgeFolders,
    view: AgeView,
    parts: Sequence[str] = (),
    workers: int = 1,
) -> Path:
    """Write ``predictions.csv``: uncorrected answers, one row a scan.

    Computed in single precision whatever the training used. Rows of parts that are not asked
    for stay; a part is written whole or stays as it was.

    Parameters
    ----------
    parts : of the cohort; by default all but the one trained on

    Raises
    ------
    CohortError
        If the cohort is faulty, such as a person who is in two parts.
    """
    folders.require_sound()
    there = sorted(path.name for path in folders.cohort.iterdir() if path.is_dir())
    asked = [part for part in parts or there if part != TRAINING_PART]
    path = folders.run / PREDICTIONS_FILE
    partial = path.with_suffix(".partial")
    with (
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
        partial.open("w", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_kept(path, asked))
        for part in asked:
            writer.writerows(_rows(network, folders, view, (part, workers)))
    partial.replace(path)
    return path


def read_network(run: Path) -> tuple[AgeDCNN, AgeView]:
    """Read what a run has trained, and what it looks at."""
    facts = json.loads((run / RUN_FILE).read_text())
    network = AgeDCNN()
    load_weights(network, (run / WEIGHTS_FILE).read_bytes())
    return network, AgeView(_SPEC.validate_python(facts["input"]), AgeRegion(facts["region"]))


def read_answers(path: Path, part: str) -> Answers:
    """Read the ages of a part and what was said of them."""
    rows = _rows_of(path, part)
    return Answers(_years(rows, "age_years"), _years(rows, "predicted_years"))


def read_repeats(path: Path, part: str) -> Answers:
    """Read the two scans of everybody in a part, shape (people, 2), the earlier first.

    Raises
    ------
    ValueError
        If somebody has not two scans.
    """
    people: dict[str, list[dict[str, str]]] = {}
    for row in sorted(_rows_of(path, part), key=lambda row: float(row["age_years"])):
        people.setdefault(row["person_id"], []).append(row)
    if any(len(scans) != 2 for scans in people.values()):
        raise ValueError(f"part {part}: not everybody has two scans")
    rows = [scan for scans in people.values() for scan in scans]
    ages, said = (_years(rows, name).reshape(-1, 2) for name in ("age_years", "predicted_years"))
    return Answers(ages, said)


def require_apart(path: Path) -> None:
    """Refuse answers of one person in two parts, which may come from two cohorts.

    Raises
    ------
    ValueError
        Naming the parts.
    """
    parts: dict[str, str] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            first = parts.setdefault(row["person_id"], row["part"])
            if first != row["part"]:
                raise ValueError(f"{path.name}: a person is in the parts {first} and {row['part']}")


def count_people(path: Path, part: str) -> int:
    """Count the people whose scans a part holds."""
    return len({row["person_id"] for row in _rows_of(path, part)})


def _rows_of(path: Path, part: str) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["part"] == part]


def _years(rows: Sequence[Mapping[str, str]], name: str) -> NDArray[np.float64]:
    return np.array([float(row[name]) for row in rows], dtype=np.float64)


def write_features(network: AgeDCNN, folders: AgeFolders, view: AgeView, workers: int = 1) -> Path:
    """Write ``features.npy``: what the last layer sees of every subject of the training part."""
    examples = folders.examples(TRAINING_PART, view, workers)
    path = folders.run / FEATURES_FILE
    features = predict(_Features(network), examples, 2)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, features.astype(np.float32))
    partial.replace(path)
    return path


def read_features(run: Path) -> NDArray[np.float64]:
    """Read what `write_features` wrote, shape (subjects, features)."""
    features: NDArray[np.float32] = np.load(run / FEATURES_FILE, allow_pickle=False)
    return features.astype(np.float64)


class _Features(nn.Module):
    """An age network without its last layer."""

    def __init__(self, network: AgeDCNN) -> None:
        super().__init__()
        self.network = network

    def forward(self, spines: torch.Tensor) -> torch.Tensor:
        return self.network.features(spines)


def _kept(path: Path, asked: Sequence[str]) -> list[list[str]]:
    """Return the rows of the parts that are not answered for anew."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        return [[row[name] for name in COLUMNS] for row in rows if row["part"] not in asked]


def _answers(network: AgeDCNN, examples: AgeExamples) -> Iterable[float]:
    """Answer in years: on a CPU as the service does, which is many times faster there."""
    if next(network.parameters()).device.type != "cpu":
        return [float(one) for one in predict(network, examples, 2)[:, 0]]
    hardware = Hardware(Backend.OPENVINO, "cpu", torch.get_num_threads())
    served = compile_age_network(network, examples.shape, hardware)
    places = tqdm(range(len(examples)), desc="answers", mininterval=5)
    spines = (examples.array(place) for place in places)
    return [LastBlock(served.block(spine), served.head).age_years for spine in spines]


def _rows(
    network: AgeDCNN, folders: AgeFolders, view: AgeView, part: tuple[str, int]
) -> Iterator[tuple[str | float, ...]]:
    name, workers = part
    records = read_records(folders.cohort / name)
    if not records:
        return
    answers = _answers(network, folders.prepare(name, records, view, workers))
    for record, answer in zip(records, answers, strict=True):
        origin = record.person, record.sex, record.age_years, record.scanner, record.clinic
        yield name, record.subject_id, *origin, f"{answer:.5f}"
