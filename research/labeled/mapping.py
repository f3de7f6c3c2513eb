"""A mapping: where a data set keeps its files, and what its label values mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from research.labeled.class_sets import ClassSets
from research.labeled.regions import Counting
from spine.anatomy.grades import Scale
from spine.anatomy.labels import TissueClass

ANY_VERTEBRA = "vertebra"
"""A vertebra of whatever region."""


@dataclass(frozen=True, slots=True)
class FilePatterns:
    """Where files lie below the data set's folder; ``*`` and ``**`` as in a glob.

    Attributes
    ----------
    images, labels : with ``{case}`` where the case's name stands
    cases : regular expression of the names of the cases to use
    patient : regular expression of a case's name; its one group is the patient
    """

    images: str
    labels: str
    cases: str = ".+"
    patient: str = "(.+)"


@dataclass(frozen=True, slots=True)
class PatientTable:
    """A CSV file with age and sex, by case or by patient.

    Attributes
    ----------
    case, patient : column of the key; one of the two
    age_years, sex : columns
    """

    file: str
    case: str | None = None
    patient: str | None = None
    age_years: str | None = None
    sex: str | None = None


@dataclass(frozen=True, slots=True)
class GradeTable:
    """A CSV file with one row a disc.

    Attributes
    ----------
    patient : column of the patient
    disc_from_below : column of the disc's number; 1 is the lowest, L5/S1 in most people
    scales : column of each scale
    raised : by scale and column, the lowest grade of a disc above 0 where that column is not 0
    """

    file: str
    patient: str
    disc_from_below: str
    scales: Mapping[Scale, str]
    raised: Mapping[Scale, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Networks:
    """What the published nnU-Nets of a data set see and say (docs/adr/0036-stock-nnunet.md).

    Attributes
    ----------
    labels : by the name in a net's ``dataset.json``: a class, `ANY_VERTEBRA`, or a level
    voxel_mm : side of the cubes that images are resampled to before the nets; None: as they are
    second_step_margin_mm : around what a first net found, for a second that sees every other
        disc of those beside the image; None: there is no second
    """

    labels: Mapping[str, str]
    voxel_mm: float | None = None
    second_step_margin_mm: float | None = None


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """What is known of one data set.

    Attributes
    ----------
    name : of the mapping file
    source, license : for the attribution of whatever is trained with it
    index_by_value : source label value to index into `class_sets`
    counting : where vertebrae of one label are told apart by their place
    networks : where the labels of its published nets have other numbers than the data set's
    """

    name: str
    source: str
    license: str
    files: FilePatterns
    class_sets: ClassSets
    index_by_value: Mapping[int, int]
    patients: PatientTable | None = None
    grades: GradeTable | None = None
    counting: Counting | None = None
    networks: Networks | None = None

    def classes(self, value: int) -> frozenset[TissueClass]:
        """Return what a label value alone may mean, before anything is counted."""
        sets, index = self.class_sets.sets, self.index_by_value[value]
        if self.counting is not None and index == self.counting.vertebra:
            return sets[index] | sets[self.counting.above]
        return sets[index]
