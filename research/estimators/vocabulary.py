"""What a structured report can say, in P1's words: conditions, severities, levels, regions."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from spine.anatomy.levels import Level, Region


class Severity(IntEnum):
    """How far a condition has gone at a level; stored as these integers."""

    ABSENT = 0
    MILD = 1
    MODERATE = 2
    SEVERE = 3
    NEAR_COMPLETE = 4

    @property
    def word(self) -> str:
        """As tables write it."""
        return self.name.lower()


class Condition(StrEnum):
    """The eight degenerative conditions, in P1's order (section 2.3)."""

    DISC_BULGE = "disc_bulge"
    DISC_OSTEOPHYTE = "disc_osteophyte"
    UNCOVERTEBRAL_OSTEOPHYTE = "uncovertebral_osteophyte"
    PROTRUSION = "protrusion"
    EXTRUSION = "extrusion"
    DESICCATION = "desiccation"
    ENDPLATE_CHANGE = "endplate_change"
    ANNULAR_FISSURE = "annular_fissure"


PRESENT = "present"
"""How a condition without severities is written; stored as `Severity.MILD`."""

REGIONS: Mapping[Region, str] = {
    Region.CERVICAL: "cervical",
    Region.THORACIC: "thoracic",
    Region.LUMBAR: "lumbar",
}

SUPERNUMERARY = (Level.T13, Level.L6, Level.L7)

# A condition of the disc below the named vertebra: that of C7/T1 stands under C7.
LEVELS = tuple(level for level in Level if level.region in REGIONS and level is not Level.C1)

STRUCTURAL = (
    "bone_lesion",
    "congenital_canal_narrowing",
    "cord_abnormality",
    "fracture",
    "soft_tissue_edema",
    "spinal_stenosis",
    "spondylolisthesis",
)
"""The seven spinal structural and canal pathologies, in P1's order."""

ADDITIONAL = ("scoliosis", "kyphosis_or_lordosis", "transitional_vertebra", "tarlov_cyst")
"""In Table 5 though not among the 67 features."""

LIFESTYLE = (
    "packs_per_day",
    "alcohol_days_per_week",
    "sedentary_hours_per_day",
    "moderate_work",
    "heavy_work",
    "moderate_exercise",
    "vigorous_exercise",
)
"""The seven of Table 5, in its order; the first three are continuous."""

BRACKETS = (30, 40, 50, 60, 70, 80)
"""Each named by its middle: 30 is 25 to 34 years (P1, Table 1)."""

YOUNGEST_YEARS, OLDEST_YEARS = 25.0, 85.0
"""Ages of P1's people: from the first, below the second."""


def finding_column(level: Level, condition: Condition) -> str:
    """Name the column of a condition at a level."""
    return f"{level}_{condition}"


def bracket_of(age_years: float) -> int:
    """Return the name of the bracket that an age of 25 to 84 years falls into."""
    return int((age_years + 5.0) // 10.0 * 10.0)
