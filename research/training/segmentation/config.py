"""The file that says what a segmentation net is trained on, and for how long."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from research.training.segmentation.plans import Net

_Share = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CohortSource(_Strict):
    """Rendered subjects, every class labeled.

    Attributes
    ----------
    cohort : folder of `python -m research cohort segmentation`
    share : of the training samples, relative to the other sources'
    """

    cohort: Path
    share: _Share = 1.0


class LabeledSource(_Strict):
    """A labeled data set.

    Attributes
    ----------
    labeled : its folder
    mapping : name of a shipped mapping, or a mapping file
    """

    labeled: Path
    mapping: str
    share: _Share = 1.0


class TrainingConfig(_Strict):
    """How to train one of the two nets.

    Attributes
    ----------
    sources : no patient may be in two of them: folds are dealt for each data set apart
    folds : of the patients, for cross-validation; fold number `folds` trains on all of them
    epochs : of `iterations` steps; after each, progress is logged and a checkpoint written
    compiled : spend a minute on compiling the network, where there is a compiler: the steps of
        the fine net then cost a third less
    start : weights to begin with, see `research.training.segmentation.starting.begin_with`;
        whether a file's have seen the patients of a fold only you can know
    """

    net: Net
    sources: tuple[CohortSource | LabeledSource, ...] = Field(min_length=1)
    folds: int = Field(default=5, ge=2)
    epochs: int = Field(default=40, ge=1)
    iterations: int = Field(default=25, ge=1)
    validation_iterations: int = Field(default=4, ge=1)
    batch_size: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=3e-5, ge=0)
    rotation_degrees: float = Field(default=15.0, ge=0, le=45)
    foreground_share: float = Field(default=0.7, ge=0, le=1)
    compiled: bool = True
    start: Path | None = None
    seed: int = 0


def read_config(path: Path) -> TrainingConfig:
    """Read a YAML file; paths in it are relative to the current folder.

    Raises
    ------
    ValueError
        If it is no such file, with every fault and where it stands.
    """
    try:
        return TrainingConfig.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: {error}") from error
