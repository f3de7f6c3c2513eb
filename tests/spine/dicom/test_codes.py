import pytest
from pydicom.sr._concepts_dict import concepts

from spine.anatomy.grades import Progression, Scale
from spine.anatomy.levels import DiscLevel, Level
from spine.dicom import codes


def every_code():
    single = [value for value in vars(codes).values() if isinstance(value, codes.Code)]
    tables = [value for value in vars(codes).values() if isinstance(value, dict)]
    return single + [
        code for table in tables for code in table.values() if isinstance(code, codes.Code)
    ]


def test_values_and_meanings_fit_the_short_elements():
    for code in every_code():
        assert len(code.value) <= 16, code
        assert len(code.meaning) <= 64, code


@pytest.mark.parametrize("scheme", ["SCT", "DCM"])
def test_standard_codes_stand_in_the_standards_dictionary(scheme):
    known = {value for meanings in concepts[scheme].values() for value in meanings}

    used = {code.value for code in every_code() if code.scheme_designator == scheme}

    assert used
    assert used <= known


def test_every_level_grade_and_state_has_a_code_of_its_own():
    presacral = [level for level in Level if level not in ("S1", "S2", "S3", "S4", "S5")]
    assert len({codes.VERTEBRA_CODES[level] for level in presacral}) == len(presacral)
    assert len({codes.DISC_CODES[level] for level in DiscLevel}) == len(DiscLevel)
    grades = {(scale, grade) for scale in Scale for grade in scale.grades}
    assert set(codes.GRADE_CODES) == grades
    assert len(set(codes.GRADE_CODES.values())) == len(grades)
    assert set(codes.PROGRESSION_STATE_CODES) == set(Progression)


def test_private_values_are_used_once():
    private = [code for code in every_code() if code.scheme_designator == codes.PRIVATE_SCHEME]
    assert len({code.value for code in private}) == len({code.meaning for code in private})


@pytest.mark.parametrize(
    ("level", "value"), [("L5/S1", "715056000"), ("L4/L5", "84020006"), ("C2/C3", "1078209008")]
)
def test_discs_carry_the_structure_codes(level, value):
    assert codes.DISC_CODES[DiscLevel(level)].value == value


def test_levels_without_a_standard_code_are_private():
    for code in (
        codes.VERTEBRA_CODES[Level.L6],
        codes.VERTEBRA_CODES[Level.T13],
        codes.DISC_CODES[DiscLevel.L5_L6],
    ):
        assert code.scheme_designator == "99SPINEMAP"
