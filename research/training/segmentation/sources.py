"""Where training cases come from: rendered cohorts, labeled whole, and data sets of any mapping."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from research.cohort import SubjectRecord, read_images, read_records
from research.labeled.cases import LabeledCase, read_labeled_cases
from research.labeled.folds import folds_by_patient
from research.labeled.label_sets import load_label_sets, require_known_labels
from research.labeled.mapping import LabelMapping
from research.labeled.mapping_file import load_mapping
from research.training.segmentation.config import (
    CohortSource,
    LabeledSource,
    TrainingConfig,
)
from spine.anatomy.labels import TissueClass, classes_from_labels
from spine.imaging.volume import LabelMap, Volume

RENDERED_ORIGIN = "rendered subjects, every class labeled"
Sets = tuple[tuple[int, ...], ...]
EACH_CLASS: Sets = tuple((int(tissue),) for tissue in TissueClass)


@dataclass(frozen=True, slots=True)
class TrainingCase:
    """A case to train on.

    Attributes
    ----------
    name : of its prepared files
    source : number of the table of sets that its labels count
    share : of the samples, relative to the other cases'
    fold : in whose validation part it is; None for rendered subjects
    load : reads volume and sets, canonical orientation
    """

    name: str
    source: int
    share: float
    fold: int | None
    load: Callable[[], tuple[Volume, LabelMap]]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """All cases, and for each source the sets of `TissueClass` that its labels tell apart.

    Attributes
    ----------
    tables : the first is that of data labeled whole
    origins : of each source, for the model's card
    """

    cases: tuple[TrainingCase, ...]
    tables: tuple[Sets, ...]
    origins: tuple[str, ...]


def read_sources(config: TrainingConfig) -> TrainingData:
    """Find every case of the sources; a source's share is spread evenly over its cases.

    Raises
    ------
    ValueError
        If a source has no cases, or two cases bear one name.
    LabeledDataError
        If a labeled data set is not as its mapping says.
    """
    cases: list[TrainingCase] = []
    tables: list[Sets] = [EACH_CLASS]
    origins: list[str] = []
    for source in config.sources:
        if isinstance(source, CohortSource):
            cases += _of_cohort(source)
            origins.append(RENDERED_ORIGIN)
        else:
            mapping = load_mapping(source.mapping)
            cases += _of_labeled(source, mapping, len(tables), config)
            tables.append(tuple(tuple(map(int, sorted(one))) for one in mapping.class_sets.sets))
            origins.append(f"{mapping.source} ({mapping.license})")
    _require_distinct([case.name for case in cases])
    return TrainingData(tuple(cases), tuple(tables), tuple(origins))


def _of_cohort(source: CohortSource) -> list[TrainingCase]:
    records = read_records(source.cohort)
    if not records:
        raise ValueError(f"{source.cohort} holds no rendered subjects")
    share = source.share / len(records)
    return [
        TrainingCase(
            record.subject_id, 0, share, None, partial(_load_rendered, source.cohort, record)
        )
        for record in records
    ]


def _of_labeled(
    source: LabeledSource, mapping: LabelMapping, number: int, config: TrainingConfig
) -> list[TrainingCase]:
    cases = read_labeled_cases(source.labeled, mapping)
    require_known_labels(cases, mapping)
    folds = folds_by_patient(cases, config.folds, config.seed)
    fold_of = {case: at for at, fold in enumerate(folds) for case in fold.validation}
    return [
        TrainingCase(
            case_name(mapping, case),
            number,
            source.share / len(cases),
            fold_of[case.case_id],
            partial(load_label_sets, case, mapping),
        )
        for case in cases
    ]


def _require_distinct(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"cases of one name in two sources: {', '.join(twice[:10])}")


def case_name(mapping: LabelMapping, case: LabeledCase) -> str:
    """Return the name of a prepared case, also where two data sets name cases alike."""
    return f"{mapping.name}-{case.case_id}"


def _load_rendered(cohort: Path, record: SubjectRecord) -> tuple[Volume, LabelMap]:
    volume, labels = read_images(cohort, record)
    return volume, LabelMap(classes_from_labels(labels.data), labels.affine)
