"""A folder read as one study: headers only, every instance kept."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spine.dicom.confidentiality import no_values_in_logs
from spine.dicom.identifiers import is_own_result
from spine.dicom.patient import patient_facts, require_one_patient
from spine.dicom.priors import find_priors
from spine.dicom.reading import read_instance
from spine.dicom.study import Instance, Series, Study
from spine.errors import Caution, Code, InputError, UnsuitableSeriesError

# Our earlier reports lie in this folder beside the study's own files.
PRIORS_FOLDER = "priors"

_SET_ASIDE = {
    Code.NOT_DICOM: "not readable as DICOM and set aside",
    Code.TRUNCATED: "incomplete and set aside",
    Code.IDENTICAL_DUPLICATE: "received more than once and counted once",
    Code.CONFLICTING_DUPLICATE: "received again with other content: the first stays in use",
}


@dataclass(frozen=True, slots=True)
class LoadingSettings:
    """Limits of what is read.

    Attributes
    ----------
    maximum_files : a folder of more files is refused before the first is opened
    """

    maximum_files: int = 50_000


@dataclass(frozen=True, slots=True)
class StudySource:
    """Where a study lies.

    Attributes
    ----------
    priors : folder of our earlier reports; None for ``priors`` in `folder`
    """

    folder: Path
    priors: Path | None = None


def load(folder: Path, settings: LoadingSettings, priors: Path | None = None) -> Study:
    """Read the headers of one study.

    Parameters
    ----------
    priors : see `StudySource`

    Files are read in the order of their paths. What is not DICOM, incomplete or a
    duplicate is set aside, counted in a caution, and loses nothing else.

    Raises
    ------
    InputError
        ``INPUT_MISSING`` (no such folder), ``INPUT_EMPTY`` (nothing readable), ``TOO_LARGE``,
        ``TWO_PATIENTS``, or ``TWO_STUDIES``: a run has one study, so that no result can
        be filed under the wrong one.
    """
    if not folder.is_dir():
        raise InputError(Code.INPUT_MISSING, "the input folder does not exist")
    with no_values_in_logs():
        return _load(folder, settings, priors or folder / PRIORS_FOLDER)


def _load(folder: Path, settings: LoadingSettings, priors_folder: Path) -> Study:
    aside: Counter[Code] = Counter()
    instances = _distinct(_read(_study_files(folder, settings), aside), aside)
    if not instances:
        raise InputError(Code.INPUT_EMPTY, "the input folder holds no readable DICOM instance")
    headers = [item.header for item in instances if not is_own_result(item.header)]
    headers = headers or [item.header for item in instances]
    require_one_patient(headers)
    patient = patient_facts(headers)
    prior_instances = _distinct(_read(_files(priors_folder), aside), aside)
    priors, prior_cautions = find_priors(prior_instances, patient)
    return Study(
        study_instance_uid=_study_instance_uid(instances),
        patient=patient,
        series=_series(instances),
        priors=priors,
        cautions=(*_cautions(aside), *prior_cautions),
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _study_files(folder: Path, settings: LoadingSettings) -> list[Path]:
    priors = folder / PRIORS_FOLDER
    files = [path for path in _files(folder) if not path.is_relative_to(priors)]
    if len(files) > settings.maximum_files:
        raise InputError(Code.TOO_LARGE, f"more than {settings.maximum_files} files")
    return files


def _read(files: Iterable[Path], aside: Counter[Code]) -> Iterator[Instance]:
    for path in files:
        try:
            instance = read_instance(path)
        except UnsuitableSeriesError as error:
            aside[error.code] += 1
            continue
        except OSError:
            aside[Code.NOT_DICOM] += 1
            continue
        if instance is not None:
            yield instance


def _distinct(instances: Iterable[Instance], aside: Counter[Code]) -> list[Instance]:
    """Keep the first instance of each SOP Instance UID."""
    kept: dict[str, Instance] = {}
    for instance in instances:
        first = kept.setdefault(instance.sop_instance_uid, instance)
        if first.sha256 != instance.sha256:
            aside[Code.CONFLICTING_DUPLICATE] += 1
        elif first is not instance:
            aside[Code.IDENTICAL_DUPLICATE] += 1
    return list(kept.values())


def _study_instance_uid(instances: Iterable[Instance]) -> str:
    uids = {str(instance.header.StudyInstanceUID) for instance in instances}
    if len(uids) > 1:
        raise InputError(Code.TWO_STUDIES, "the input holds more than one study")
    return uids.pop()


def _series(instances: Iterable[Instance]) -> tuple[Series, ...]:
    groups: dict[str, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(str(instance.header.SeriesInstanceUID), []).append(instance)
    return tuple(Series(uid, tuple(group)) for uid, group in groups.items())


def _cautions(aside: Counter[Code]) -> Iterator[Caution]:
    for code, sentence in _SET_ASIDE.items():
        if count := aside[code]:
            yield Caution(code, f"{count} {'file' if count == 1 else 'files'} {sentence}")
