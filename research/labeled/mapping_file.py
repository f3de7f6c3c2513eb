"""Mapping files: YAML, checked at the edge. Those of public data sets are shipped."""

import re
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from research.labeled.class_sets import ClassSets
from research.labeled.errors import Fault, LabeledDataError
from research.labeled.mapping import (
    ANY_VERTEBRA,
    FilePatterns,
    GradeTable,
    LabelMapping,
    Networks,
    PatientTable,
)
from research.labeled.regions import Counting
from research.listing import listed
from spine.anatomy.grades import Scale
from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS, TissueClass

SHIPPED = Path(__file__).parent / "mappings"
BACKGROUND = "background"

_Value = Annotated[int, Field(ge=0, le=255)]
_Range = Annotated[str, Field(pattern=r"^\d{1,3}-\d{1,3}$")]
_ClassName = Annotated[str, Field(pattern=f"^({'|'.join(t.name.lower() for t in TissueClass)})$")]
_Structure = Annotated[
    str,
    Field(
        pattern="^("
        + "|".join(
            [*(t.name.lower() for t in TissueClass), ANY_VERTEBRA, *VERTEBRA_LABELS, *DISC_LABELS]
        )
        + ")$"
    ),
]
_CasePattern = Annotated[str, Field(pattern=r"\{case\}")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Files(_Strict):
    images: _CasePattern
    labels: _CasePattern
    cases: str = ".+"
    patient: str = "(.+)"


class _Patients(_Strict):
    file: str
    case: str | None = None
    patient: str | None = None
    age_years: str | None = None
    sex: str | None = None


class _Grades(_Strict):
    file: str
    patient: str
    disc_from_below: str
    scales: dict[Scale, str]
    raised: dict[Scale, dict[str, int]] = {}

    @model_validator(mode="after")
    def _name_grades_that_there_are(self) -> Self:
        for scale, columns in self.raised.items():
            if scale not in self.scales:
                raise ValueError(f"raised.{scale}: no column of this scale is named")
            for grade in columns.values():
                scale.grades(grade)
        return self


class _Set(_Strict):
    values: list[_Value | _Range]
    classes: Annotated[list[_ClassName], Field(min_length=1)]


class _Counted(_Strict):
    vertebra: str
    above: str
    disc: str
    canal: str
    number: Annotated[int, Field(ge=1)]


class _Networks(_Strict):
    labels: Annotated[dict[str, _Structure], Field(min_length=1)]
    voxel_mm: Annotated[float, Field(gt=0)] | None = None
    second_step_margin_mm: Annotated[float, Field(ge=0)] | None = None


class _MappingFile(_Strict):
    source: str
    license: str
    files: _Files
    background: list[_Value | _Range] = [0]
    unlabeled: list[_ClassName] = []
    sets: Annotated[dict[str, _Set], Field(min_length=1)]
    counted_from_below: _Counted | None = None
    patients: _Patients | None = None
    grades: _Grades | None = None
    networks: _Networks | None = None


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that come with the repository."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_mapping(name_or_path: str) -> LabelMapping:
    """Read a shipped mapping by its name, or any other by its path.

    Raises
    ------
    LabeledDataError
        ``MAPPING_INVALID``, saying what is wrong: an unknown key, a value or a class in two
        sets, a class in none.
    """
    shipped = name_or_path in shipped_mappings()
    path = SHIPPED / f"{name_or_path}.yaml" if shipped else Path(name_or_path)
    if not path.is_file():
        known = listed(shipped_mappings())
        raise _invalid(f"{name_or_path}: neither a file nor one of {known}")
    try:
        return _mapping(path.stem, _MappingFile.model_validate(yaml.safe_load(path.read_text())))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise _invalid(f"{path.name}: {where}: {first['msg']}") from None
    except (yaml.YAMLError, UnicodeDecodeError, re.error) as error:
        raise _invalid(f"{path.name}: {error}") from None
    except LabeledDataError as error:
        raise _invalid(f"{path.name}: {error.reason}") from None


def _mapping(name: str, content: _MappingFile) -> LabelMapping:
    _check_files(content)
    _check_values(content)
    if BACKGROUND in content.sets:
        raise _invalid("the background is no entry of `sets`")
    background = _Set(values=content.background, classes=[BACKGROUND, *content.unlabeled])
    sets = {BACKGROUND: background, **content.sets}
    patients, grades, networks = content.patients, content.grades, content.networks
    return LabelMapping(
        name=name,
        source=content.source,
        license=content.license,
        files=FilePatterns(**content.files.model_dump()),
        class_sets=ClassSets(tuple(sets), tuple(map(_classes, sets.values()))),
        index_by_value=_index_by_value(sets),
        patients=None if patients is None else PatientTable(**patients.model_dump()),
        grades=None if grades is None else GradeTable(**grades.model_dump()),
        counting=_counting(content.counted_from_below, list(sets)),
        networks=None if networks is None else Networks(**networks.model_dump()),
    )


def _check_files(content: _MappingFile) -> None:
    re.compile(content.files.cases)
    if re.compile(content.files.patient).groups != 1:
        raise _invalid("files.patient needs exactly one group")
    table = content.patients
    if table is not None and (table.case is None) == (table.patient is None):
        raise _invalid("patients: name the column of the `case` or of the `patient`")


def _check_values(content: _MappingFile) -> None:
    counted = content.counted_from_below
    for name, one in content.sets.items():
        if not one.values and (counted is None or name != counted.above):
            raise _invalid(f"sets.{name}: no values")


def _counting(counted: _Counted | None, names: list[str]) -> Counting | None:
    if counted is None:
        return None
    wanted = counted.model_dump(exclude={"number"})
    unknown = sorted(set(wanted.values()) - set(names))
    if unknown:
        raise _invalid(f"counted_from_below: no set is named {', '.join(unknown)}")
    places = {role: names.index(name) for role, name in wanted.items()}
    return Counting(**places, number=counted.number)


def _classes(one: _Set) -> frozenset[TissueClass]:
    return frozenset(TissueClass[name.upper()] for name in one.classes)


def _index_by_value(sets: dict[str, _Set]) -> dict[int, int]:
    names = list(sets)
    indices: dict[int, int] = {}
    for index, (name, one) in enumerate(sets.items()):
        for value in (value for entry in one.values for value in _expanded(entry)):
            if value in indices:
                raise _invalid(f"label {value} is named twice: {names[indices[value]]}, {name}")
            indices[value] = index
    return indices


def _expanded(entry: int | str) -> range:
    """Turn 7 or "1-25" into the values that it stands for."""
    if isinstance(entry, int):
        return range(entry, entry + 1)
    first, last = map(int, entry.split("-"))
    if first > last or last > 255:
        raise _invalid(f"{entry} is no range within 0 to 255")
    return range(first, last + 1)


def _invalid(reason: str) -> LabeledDataError:
    return LabeledDataError(Fault.MAPPING_INVALID, reason)
