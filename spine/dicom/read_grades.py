"""The grades that a person gave, read out of an earlier report of ours."""

from collections.abc import Iterator, Mapping

from pydicom import Dataset

from spine.anatomy.grades import BaselineKind, Scale
from spine.dicom.codes import (
    BASELINE_CODES,
    BASELINE_KIND_CODES,
    BASELINE_SOURCE_CODES,
    DISC_CODES,
    GRADE_CODES,
)
from spine.dicom.report_items import CodeKey, answers, containers, key_of
from spine.dicom.study import ReadGrade

_FINDING_SITE: CodeKey = ("363698007", "SCT")

_LEVELS = {key_of(code): level for level, code in DISC_CODES.items()}
_GRADES = {key_of(code): scale_grade for scale_grade, code in GRADE_CODES.items()}
_READ = key_of(BASELINE_KIND_CODES[BaselineKind.TABLE])


def grades_in_report(report: Dataset) -> tuple[ReadGrade, ...]:
    """Return what the report says was read at the time of its study.

    A grade whose source is not stated, that a model gave, or that came from a still earlier
    report is none of these.
    """
    return tuple(grade for group in containers(report) for grade in _grades(answers(group)))


def _grades(found: Mapping[CodeKey, CodeKey]) -> Iterator[ReadGrade]:
    level = _LEVELS.get(found.get(_FINDING_SITE, ("", "")))
    if level is None:
        return
    for scale in Scale:
        is_read = found.get(key_of(BASELINE_SOURCE_CODES[scale])) == _READ
        grade = _GRADES.get(found.get(key_of(BASELINE_CODES[scale]), ("", "")))
        if is_read and grade is not None and grade[0] is scale:
            yield ReadGrade(level, scale, int(grade[1]))
